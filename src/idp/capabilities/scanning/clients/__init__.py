"""Services of others, asked by their own API."""
