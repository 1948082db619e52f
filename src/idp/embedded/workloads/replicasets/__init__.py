"""ReplicaSet -> Pods: as many as wanted, no more and no fewer."""
