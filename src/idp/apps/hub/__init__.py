"""The hub: one address for all instances, and the registry and Git server that they share."""
