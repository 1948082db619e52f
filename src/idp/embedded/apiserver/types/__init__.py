"""Which kinds are served: the built-in ones as data, the custom ones from their definitions."""
