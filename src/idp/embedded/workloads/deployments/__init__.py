"""Deployment -> ReplicaSets: which template runs, and how many of it."""
