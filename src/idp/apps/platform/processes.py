"""Starts and stops the supervisor, and looks at what it started."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from idp.apps.platform.files import read_json
from idp.apps.platform.layout import Layout
from idp.kernel.errors import DeadlineExceeded

STOP_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process of the platform, as the supervisor sees it.

    Attributes:
        name: `hub` or an environment.
        pid: 0 while it does not run.
        restarts: How often it died since the supervisor started.
        last_exit: How it died last; empty when it never did.
    """

    name: str
    pid: int
    restarts: int
    last_exit: str


def is_running(layout: Layout) -> bool:
    """Whether a supervisor holds the lock of this data folder."""
    try:
        descriptor = os.open(layout.supervisor_lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def supervisor_pid(layout: Layout) -> int | None:
    """Process id of the supervisor; None when none runs."""
    if not is_running(layout):
        return None
    return (read_json(layout.supervisor) or {}).get("pid")


def processes(layout: Layout) -> list[ProcessState]:
    """What the supervisor started; empty when none runs."""
    if not is_running(layout):
        return []
    return [
        ProcessState(child["name"], child["pid"], child["restarts"], child["lastExit"])
        for child in (read_json(layout.supervisor) or {}).get("children", [])
    ]


def end_former(layout: Layout) -> None:
    """Wait for the children of a supervisor that was killed; those that do not end are killed.

    They see its end and stop by themselves, but until then they hold their ports and databases.
    """
    former = [child["pid"] for child in (read_json(layout.supervisor) or {}).get("children", [])]
    deadline = time.monotonic() + STOP_SECONDS
    while alive := [pid for pid in former if pid and _is_child(layout, pid)]:
        if time.monotonic() > deadline:
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _is_child(layout: Layout, pid: int) -> bool:
    """Whether a process is one of this data folder; its id may be somebody else's by now.

    The supervisor works in the data folder, and so does what it forks; the command line is the
    fork server's and says nothing.
    """
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == layout.folder.resolve()
    except OSError:
        return False


def start_supervisor(layout: Layout) -> None:
    """Start the supervisor in the background; it goes on when the terminal closes."""
    layout.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    with layout.log("supervisor").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "idp.apps.platform.supervisor", str(layout.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=layout.folder,
        )


def stop_supervisor(layout: Layout) -> bool:
    """Stop the supervisor and its children, and wait for their end.

    Returns:
        Whether one was running.

    Raises:
        DeadlineExceeded: It did not end in time.
    """
    pid = supervisor_pid(layout)
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(layout):
        if time.monotonic() > deadline:
            raise DeadlineExceeded(
                f"the supervisor (process {pid}) did not stop within {STOP_SECONDS:.0f} s",
                remedy=f"Look at {layout.log('supervisor')}, then `kill -9 {pid}`.",
            )
        time.sleep(0.05)
    return True
