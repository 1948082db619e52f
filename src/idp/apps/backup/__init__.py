"""Backup and restore of an API server's folder, and of what an instance keeps beside it."""
