"""The embedded API server beside a real kube-apiserver with etcd, over TLS, by the same clients."""
