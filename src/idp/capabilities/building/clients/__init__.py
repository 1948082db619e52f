"""What runs outside this process: the sandbox, uv; and what is known about the host's Python."""
