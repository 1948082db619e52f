"""Promotion: from a signed release in one environment to the same bytes running in the next."""
