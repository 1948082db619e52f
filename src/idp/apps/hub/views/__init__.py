"""What the portal's pages show: the instances are asked with the caller's rights."""
