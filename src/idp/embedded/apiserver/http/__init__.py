"""The API over HTTP: paths, bodies, answers. Thin, over `api.Api`."""
