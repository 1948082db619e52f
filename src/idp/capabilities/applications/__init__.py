"""Applications: what a team runs, stated in a few lines."""
