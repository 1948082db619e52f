"""Memory limits.

A limit on address space (`RLIMIT_AS`) is not a limit on memory: runtimes reserve far more than
they use. Where the platform may write to a cgroup v2 hierarchy the kernel enforces the limit
(`cgroups`); elsewhere the memory that only the container's processes hold is read once a second,
and a container over its limit is ended with the reason `OOMKilled`, as a kernel would have done.
A container that takes gigabytes within a second is therefore stopped late.
"""

from __future__ import annotations

from collections.abc import Callable

from idp.embedded.workloads.pods import proc
from idp.embedded.workloads.pods.process import Process

OnExceeded = Callable[[int], None]


class MemoryWatch:
    """Watches processes against their limits; `look` is called by the engine's housekeeping."""

    def __init__(self) -> None:
        self._watched: dict[Process, tuple[int, OnExceeded]] = {}

    def add(self, process: Process, limit: int, on_exceeded: OnExceeded) -> None:
        """Call `on_exceeded` with the bytes held when `process` holds more than `limit`."""
        self._watched[process] = (limit, on_exceeded)

    def remove(self, process: Process) -> None:
        """Stop watching."""
        self._watched.pop(process, None)

    def look(self) -> None:
        """Compare all watched processes with their limits."""
        for process, (limit, on_exceeded) in list(self._watched.items()):
            held = proc.memory_bytes(process.tree())
            if held > limit:
                self.remove(process)
                on_exceeded(held)
