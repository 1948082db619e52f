"""The Kubernetes API on SQLite: one process, no etcd, no cluster; kubectl cannot tell."""
