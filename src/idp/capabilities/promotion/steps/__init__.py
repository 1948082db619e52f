"""The steps of pushes, promotions and rollbacks: one file each."""
