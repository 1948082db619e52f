"""A real control plane for one instance: etcd, kube-apiserver, and what the two lack alone."""
