"""The embedded API server alone: a Kubernetes API without a cluster, and without the platform."""
