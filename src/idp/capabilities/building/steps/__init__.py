"""Pipeline steps of building."""
