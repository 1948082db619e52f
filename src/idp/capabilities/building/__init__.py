"""Building: source code in, a reproducible OCI image out, without a daemon."""
