"""Where an instance's Kubernetes API comes from: one module per kind of control plane."""
