"""The sandbox around a container's processes: what works on this machine, and the command for it.

`detect` finds out once, at start. `bubblewrap` and `plain` turn a `ProcessSpec` into a `Launch`;
`process` (one level up) runs launches and knows nothing of what is in them.
"""
