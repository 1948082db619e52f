"""Limits of containers.

A limit on address space (`RLIMIT_AS`) is not a limit on memory: runtimes reserve far more than
they use. So the kernel enforces limits where it can (`cgroups`), and everywhere the memory that
only the container's processes hold is read once a second: a container over its limit is ended with
the reason `OOMKilled`, as the kernel would have done; one that holds less than half of its limit is
read every fifth second. Without the kernel's help a container that takes gigabytes within a second
is stopped late, and processor time is not limited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from idp.embedded.workloads.pods import proc
from idp.embedded.workloads.pods.cgroups import ControlGroups, Group
from idp.embedded.workloads.pods.process import Process
from idp.embedded.workloads.pods.quantity import parse_quantity
from idp.kernel.resource import Manifest

log = structlog.get_logger(__name__)

OnExceeded = Callable[[int], None]
_NOT_BORN_SECONDS = 0.02
_CALM_LOOKS = 5


@dataclass
class _Watched:
    """A process with a limit in bytes, and how many looks it is left out of."""

    limit: int
    on_exceeded: OnExceeded
    left_out: int = 0


class Limits:
    """All limits of the engine; `look` is called by its housekeeping."""

    def __init__(self, groups: ControlGroups) -> None:
        self._groups = groups
        self._watched: dict[Process, _Watched] = {}

    def hold(
        self, process: Process, name: str, limits: Manifest, on_exceeded: OnExceeded
    ) -> HeldProcess:
        """Begin to hold a process to its limits.

        Args:
            process: Just started or adopted.
            name: Unique among the engine's containers.
            limits: `resources.limits`.
            on_exceeded: Called with the bytes held when they are too many.
        """
        memory = int(parse_quantity(limits["memory"])) if "memory" in limits else None
        cpu = parse_quantity(limits["cpu"]) if "cpu" in limits else None
        if memory is not None:
            self._watched[process] = _Watched(memory, on_exceeded)
        return HeldProcess(self, process, self._groups.group(name, memory=memory, cpu=cpu))

    def release(self, process: Process) -> None:
        """Stop watching."""
        self._watched.pop(process, None)

    def look(self) -> None:
        """Compare the watched processes with their limits, those far below theirs less often.

        Walking through `/proc` is most of what an idle instance does.
        """
        for process, watched in list(self._watched.items()):
            if watched.left_out:
                watched.left_out -= 1
                continue
            held = proc.memory_bytes(process.tree())
            if held > watched.limit:
                self.release(process)
                watched.on_exceeded(held)
            elif held < watched.limit / 2:
                watched.left_out = _CALM_LOOKS - 1


class HeldProcess:
    """A process with limits, until `end`."""

    def __init__(self, limits: Limits, process: Process, group: Group | None) -> None:
        self._limits = limits
        self._process = process
        self._group = group
        self._joining = None if group is None else asyncio.create_task(self._join(group))

    async def _join(self, group: Group) -> None:
        """Move what there is into the group, and then what was born meanwhile."""
        try:
            while not (pids := self._process.tree()):  # noqa: ASYNC110
                await asyncio.sleep(_NOT_BORN_SECONDS)
            group.add(pids)
            group.add(self._process.tree())
        except OSError as error:
            log.warning("limits are not enforced by the kernel", error=str(error))

    def end(self) -> bool:
        """The process has ended, or the engine does.

        Returns:
            Whether the kernel ended it for want of memory.
        """
        self._limits.release(self._process)
        if self._group is None or self._joining is None:
            return False
        self._joining.cancel()
        starved = self._group.out_of_memory
        self._group.remove()
        return starved
