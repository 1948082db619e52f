"""The resource machinery. It knows no kind and no vendor."""
