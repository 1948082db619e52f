"""Environments: the platform instances, what each expects of a release, and in which order."""
