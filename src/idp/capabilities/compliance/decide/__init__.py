"""From facts to evidence, from evidence to controls. Pure."""
