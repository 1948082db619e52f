"""Pod -> processes: sandbox, volumes, probes, restarts, logs, and the way back to the status."""
