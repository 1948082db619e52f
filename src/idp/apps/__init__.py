"""Composition roots: the command line, the instance and the hub."""
