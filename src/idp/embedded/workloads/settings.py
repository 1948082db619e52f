"""What can be set about the engine. Every number has its unit and the reason of its default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkloadSettings:
    """Settings of the workload engine.

    Attributes:
        node: Name that pods see as their node.
        bind: Whether the API is told so, too. Where it has Nodes (a real API server), it asks the
            node for the logs of its pods.
        drain_seconds: Time between a pod's removal from the endpoints and its SIGTERM. A gateway
            on the same machine needs milliseconds to notice; one second leaves room for a busy one.
        restart_base_seconds: First wait before a crashed container starts again; it doubles with
            every crash. Kubernetes starts at 10 s, here nobody else shares the machine.
        restart_cap_seconds: Longest such wait.
        restart_reset_seconds: A container that ran this long starts counting from zero again.
        log_bytes: Size at which a container's log is rotated; two files of this size are kept for
            the running attempt and two for the one before.
        housekeeping_seconds: Period of memory checks, log rotation and log time marks.
        image_unused_seconds: How long an image that no pod uses stays on disk, so that a rollback
            does not download it again.
        temporary_bytes: Size of a container's private `/tmp`, which is in memory.
    """

    node: str = "local"
    bind: bool = False
    drain_seconds: float = 1.0
    restart_base_seconds: float = 1.0
    restart_cap_seconds: float = 300.0
    restart_reset_seconds: float = 600.0
    log_bytes: int = 5 * 2**20
    housekeeping_seconds: float = 1.0
    image_unused_seconds: float = 3600.0
    temporary_bytes: int = 64 * 2**20
