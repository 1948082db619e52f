"""Tables: what `kubectl get` shows of objects. Pure."""
