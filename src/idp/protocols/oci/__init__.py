"""OCI artifacts: references, descriptors and registries (OCI distribution and image specs 1.1)."""
