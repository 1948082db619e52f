"""What a cluster's controller manager does for the API itself; a lone kube-apiserver lacks it."""
