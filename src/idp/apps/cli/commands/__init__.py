"""The commands, one module per area; a module is imported when one of its commands is used."""
