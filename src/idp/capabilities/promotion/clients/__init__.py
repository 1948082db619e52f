"""Clients of what promotion asks: the API server's access review, Argo CD."""
