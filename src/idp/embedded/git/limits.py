"""What one request may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on what clients can make the server do.

    Attributes:
        push_bytes: Largest push, in bytes after decompression.
        fetch_request_bytes: Largest negotiation request of a fetch, in bytes after decompression.
            It lists commits, never content.
        drain_bytes: How much of a refused push is still read (and dropped), so that the client
            gets to read why. After that the connection is closed.
        linger_seconds: How long nothing is read after a push was refused, so that a client that
            is busy sending turns to reading.
        idle_seconds: Longest time between two pieces of a request body.
        process_seconds: Longest life of one `git` process.
        processes: How many `git` processes run at the same time.
    """

    push_bytes: int = 200 * 2**20
    fetch_request_bytes: int = 16 * 2**20
    drain_bytes: int = 16 * 2**20
    linger_seconds: float = 0.5
    idle_seconds: float = 60.0
    process_seconds: float = 600.0
    processes: int = 8
