"""What a browser needs of the hub: the built portal, a session cookie, defending headers."""
