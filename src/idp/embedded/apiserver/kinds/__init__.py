"""What single built-in kinds do beyond their schema: defaults, preparation, rules. Pure."""
