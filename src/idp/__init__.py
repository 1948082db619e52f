"""An internal developer platform whose API is the Kubernetes API."""
