"""What the server serves, for clients to find out: groups, resources, schemas."""
