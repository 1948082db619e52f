"""The pipeline steps of this area, one file each."""
