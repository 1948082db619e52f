"""Argo Workflows for one machine: runs `Workflow` objects without Argo's controller.

The whole state of a run is in its object, as in Argo (`status.nodes`, `status.phase`), so the
engine can be killed at any line. `decide` is pure; `engine` is the only part that talks to the API.
"""
