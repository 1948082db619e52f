"""The reference documentation, generated from the kinds and the commands themselves."""
