"""Which process listens on a port, as far as the system tells (Linux's `/proc`)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

_LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Listener:
    """A process that listens.

    Attributes:
        pid: Its process id.
        command: Its short name.
    """

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid})"


def listener_on(port: int) -> Listener | None:
    """The process that listens on a TCP port; None when there is none or it is not ours to see."""
    with contextlib.suppress(OSError, ValueError):
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    return _owner_of_socket(f"socket:[{fields[9]}]")
    return None


def _owner_of_socket(name: str) -> Listener | None:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(handle.readlink()) == name for handle in (process / "fd").iterdir()):
                return Listener(int(process.name), (process / "comm").read_text().strip())
    return None
