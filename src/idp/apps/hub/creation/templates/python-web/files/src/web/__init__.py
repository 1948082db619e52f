"""A web application."""
