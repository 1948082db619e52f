"""What pages follow as it happens, as server-sent events: hints of changes, and logs."""
