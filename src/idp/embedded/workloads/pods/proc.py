"""What `/proc` says about processes. Reads only; a process that is gone reads as nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LISTEN = "0A"


@cache
def boot_id() -> str:
    """Names this run of the machine: process ids of another run mean nothing."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when it is gone or a zombie.

    Together with the process id it names a process for as long as the machine is up.
    """
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def is_same(pid: int, ticks: int) -> bool:
    """Whether a process still runs and is the one that started then."""
    return start_ticks(pid) == ticks


def arguments(pid: int) -> list[str]:
    """The argument vector; empty for a process that is gone."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode(errors="replace").split("\0")[:-1]


def namespace(pid: int | str, kind: str = "pid") -> str:
    """Identity of a process's namespace; empty when it is gone or not ours to see."""
    try:
        return str((PROC / str(pid) / "ns" / kind).readlink())
    except OSError:
        return ""


def is_filtered(pid: int) -> bool:
    """Whether the system calls of a process are filtered."""
    try:
        return "\nSeccomp:\t2\n" in (PROC / str(pid) / "status").read_text()
    except OSError:
        return False


def all_pids() -> Iterator[int]:
    """Every process that can be seen."""
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def children(pid: int) -> list[int]:
    """Direct children of all threads of a process, in the order in which they were born."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in (PROC / str(pid) / "task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    found, pending = [], [pid]
    while pending:
        current = pending.pop()
        found.append(current)
        pending += children(current)
    return found


def memory_bytes(pids: list[int]) -> int:
    """Memory that only these processes hold: resident pages without those backed by files."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError):
            fields = (PROC / str(pid) / "statm").read_text().split()
            total += (int(fields[1]) - int(fields[2])) * _PAGE
    return total


def listening_ports(pids: list[int]) -> list[int]:
    """TCP ports on which any of these processes listens, in order."""
    inodes: set[str] = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for descriptor in (PROC / str(pid) / "fd").iterdir():
                with contextlib.suppress(OSError):
                    target = str(descriptor.readlink())
                    if target.startswith("socket:["):
                        inodes.add(target[8:-1])
    return sorted({port for inode, port in _listeners() if inode in inodes})


def _listeners() -> Iterator[tuple[str, int]]:
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (PROC / "net" / name).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN:
                    yield fields[9], int(fields[1].rpartition(":")[2], 16)
