"""Clients and formats of the outside world that engines and capabilities share."""
