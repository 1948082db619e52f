"""The verbs of the API, on manifests: no HTTP here. `api.Api` puts access and audit in front."""
