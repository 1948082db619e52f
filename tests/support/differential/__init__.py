"""The same requests to two API servers: cases, servers, normalised answers, recordings."""
