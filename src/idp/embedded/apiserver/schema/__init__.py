"""Schemas at work: pruning, defaulting and validation, for built-in and custom kinds alike."""
