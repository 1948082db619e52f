"""Findings over time: who they are, since when, in which state, by when they must be gone."""
