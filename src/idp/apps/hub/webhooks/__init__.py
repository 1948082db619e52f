"""Webhooks of outside Git servers: a proven push is fetched and goes on as `git push` would."""
