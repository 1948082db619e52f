"""An OCI registry (distribution 1.1) for one machine, on content-addressed files."""
