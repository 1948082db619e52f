"""Limits that the kernel enforces, where the platform's user may write to a cgroup v2 hierarchy.

One group for the engine beside (or below) its own, in it one group per limited container. A
container's processes are moved into their group right after the start; what they took before
remains uncounted, which is little. Where anything of this is not allowed, nothing happens here and
`memory` alone watches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

MOUNT = Path("/sys/fs/cgroup")
_CPU_PERIOD = 100_000
"""Microseconds; the kernel's default."""


@dataclass(frozen=True, slots=True)
class Group:
    """The group of one container."""

    path: Path

    def add(self, pids: Iterable[int]) -> None:
        """Move processes into the group; one that is gone is left out."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                (self.path / "cgroup.procs").write_text(str(pid))

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel ended a process of the group for want of memory."""
        try:
            lines = (self.path / "memory.events").read_text().splitlines()
        except OSError:
            return False
        return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines)

    def remove(self) -> None:
        """Remove the group once its processes are gone."""
        with contextlib.suppress(OSError):
            self.path.rmdir()


class ControlGroups:
    """Groups below one folder of the hierarchy.

    Args:
        base: The engine's group; None where there is none.
    """

    def __init__(self, base: Path | None) -> None:
        self._base = base

    def group(self, name: str, *, memory: int | None, cpu: Decimal | None) -> Group | None:
        """The group of a container with its limits; None where the kernel does not help.

        Args:
            name: Unique among the engine's containers.
            memory: Bytes.
            cpu: Processors, such as 0.5.
        """
        if self._base is None or (memory is None and cpu is None):
            return None
        path = self._base / name
        try:
            path.mkdir(exist_ok=True)
            if memory is not None:
                (path / "memory.max").write_text(str(memory))
                (path / "memory.oom.group").write_text("1")
                with contextlib.suppress(OSError):  # a kernel without swap accounting
                    (path / "memory.swap.max").write_text("0")
            if cpu is not None and (path / "cpu.max").exists():
                (path / "cpu.max").write_text(f"{int(cpu * _CPU_PERIOD)} {_CPU_PERIOD}")
        except OSError as error:
            log.warning("limits are not enforced by the kernel", error=str(error))
            return None
        return Group(path)


def detect(
    name: str, *, mount: Path = MOUNT, own: Path = Path("/proc/self/cgroup")
) -> ControlGroups:
    """Find a place for the engine's group: below its own, or beside it.

    A group that has processes cannot hand controllers down, so for an engine that was started from
    a terminal the place is beside its own.

    Args:
        name: Of the engine's group.
        mount: Where the hierarchy is mounted.
        own: File that names the engine's own group.
    """
    try:
        line = next(s for s in own.read_text().splitlines() if s.startswith("0::/"))
    except (OSError, StopIteration):
        return ControlGroups(None)
    here = mount / line.removeprefix("0::/")
    for place in (here, here.parent):
        if place.is_relative_to(mount) and (base := _claim(place / name)) is not None:
            return ControlGroups(base)
    return ControlGroups(None)


def _claim(base: Path) -> Path | None:
    """Make the engine's group and hand it controllers; None when that is not allowed."""
    try:
        base.mkdir(exist_ok=True)
        available = (base / "cgroup.controllers").read_text().split()
        if "memory" not in available:
            base.rmdir()
            return None
        for controller in ("memory", "cpu"):
            if controller in available:
                (base / "cgroup.subtree_control").write_text(f"+{controller}")
    except OSError:
        with contextlib.suppress(OSError):
            base.rmdir()
        return None
    return base
