"""Signing: an environment vouches for what it built, and says how it was built."""
