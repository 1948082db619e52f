"""Memory and processor time of everything that one platform runs.

Memory is counted as PSS: a page that several processes share counts once, divided among them.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from idp.apps.platform.layout import Layout
from idp.apps.platform.processes import supervisor_pid
from idp.apps.platform.settings import require_settings
from idp.embedded.gateway.process import find_process
from idp.embedded.workloads.pods import process as monitors
from idp.embedded.workloads.pods.folders import token

_TICKS = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a group of processes has used.

    Attributes:
        memory: PSS, in MB.
        seconds: Processor time since each process started.
    """

    memory: float
    seconds: float


@dataclass(frozen=True, slots=True)
class PlatformUsage:
    """A platform's processes in two groups.

    Attributes:
        platform: Supervisor, fork server, hub, instances, gateways.
        applications: Pods, with their sandboxes.
    """

    platform: Usage
    applications: Usage

    @property
    def all(self) -> Usage:
        """Both."""
        return Usage(
            self.platform.memory + self.applications.memory,
            self.platform.seconds + self.applications.seconds,
        )


def usage(layout: Layout) -> PlatformUsage:
    """Look at all processes of a platform."""
    children = _children()
    folders = [layout.instance(name).folder for name in require_settings(layout).instances]
    pods = {
        pid
        for folder in folders
        for pid, _ in monitors.monitors(f"idp:{token(folder / 'workloads')}:")
    }
    pods = _with_descendants(pods, children)
    gateways = {envoy.pid for f in folders if (envoy := find_process(f / "gateway")) is not None}
    supervisor = supervisor_pid(layout)
    roots = gateways | ({supervisor} if supervisor else set())
    platform = _with_descendants(roots, children) - pods
    return PlatformUsage(_usage(platform), _usage(pods))


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def _with_descendants(roots: set[int], children: dict[int, list[int]]) -> set[int]:
    found, pending = set(roots), list(roots)
    while pending:
        for child in children.get(pending.pop(), []):
            if child not in found:
                found.add(child)
                pending.append(child)
    return found


def _usage(pids: set[int]) -> Usage:
    memory, seconds = 0.0, 0.0
    for pid in pids:
        if fields := _stat(pid):
            seconds += (int(fields[11]) + int(fields[12])) / _TICKS
        with contextlib.suppress(OSError):
            if match := _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text()):
                memory += int(match[1]) * 1024 / 1e6
    return Usage(memory, seconds)


def _stat(pid: int) -> list[str]:
    """The fields behind the command's name (proc(5)); empty for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
