"""A container's process: started detached, found again after a restart, waited for, ended.

What lives is the *monitor* (bubblewrap, or a small shell): it holds no resources of the engine,
its output goes straight to the log file, and it writes the exit code of what it runs into a status
file. The engine may therefore die at any time and find everything again: the monitor by process
id and start time, or by its identity in `argv[0]` when it was killed before it could note the
process id; the exit code in the status file.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from idp.embedded.workloads.pods import proc
from idp.embedded.workloads.pods.sandbox.spec import ARGUMENTS_FD, FILTER_FD, STATUS_FD, Launch

_HIGH = 32
"""Descriptors are moved above this number before they are put in place, so none is overwritten."""


@dataclass(frozen=True, slots=True)
class ProcessId:
    """Names a process beyond the reuse of its number.

    Attributes:
        pid: Process id of the monitor.
        ticks: Its start time, in clock ticks since boot.
        boot: Which run of the machine.
    """

    pid: int
    ticks: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether that very process runs."""
        return self.boot == proc.boot_id() and proc.is_same(self.pid, self.ticks)


class Process:
    """One monitor and what it runs.

    Args:
        id: The monitor.
        status_path: Where the monitor writes.
        own_child: Whether this engine started it, and must therefore collect its exit.
    """

    def __init__(self, id: ProcessId, status_path: Path, *, own_child: bool = False) -> None:
        self.id = id
        self._status_path = status_path
        self._own_child = own_child

    @property
    def root(self) -> int | None:
        """The process that takes all others with it: the sandbox's first one, or the monitor.

        None when it is gone. The number is only trusted when its PID namespace is the one that
        bubblewrap noted.
        """
        if self.id.boot != proc.boot_id():
            return None  # process and namespace numbers of another run mean nothing
        status = _read_status(self._status_path)
        if (child := status.get("child-pid")) is not None:
            noted = f"pid:[{status.get('pid-namespace')}]"
            return int(child) if proc.namespace(int(child)) == noted else None
        return self.id.pid if self.id.alive else None

    @property
    def sandboxed(self) -> bool:
        """Whether the command runs in namespaces of its own."""
        return "child-pid" in _read_status(self._status_path)

    @property
    def main(self) -> int | None:
        """The container's own command; None before it starts and after it ends."""
        if (root := self.root) is None:
            return None
        born = proc.children(root)
        return born[0] if born else None

    def tree(self) -> list[int]:
        """The command and all its descendants."""
        root = self.root
        return [] if root is None else proc.tree(root)[1:]

    def signal(self, number: int) -> None:
        """Send a signal to the command."""
        if (main := self.main) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(main, number)

    def kill(self) -> None:
        """End everything at once; the monitor lives on for a moment to note the exit code."""
        root = self.root
        if root is not None and root != self.id.pid:
            doomed = [root]  # the kernel ends the whole PID namespace with its first process
        else:
            doomed = [*(proc.tree(self.id.pid)[1:] if root else []), *_session(self.id)]
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    async def wait(self) -> int | None:
        """Wait for the end of the monitor, then end what it left behind.

        Returns:
            Exit code of the command, 128 + number for a signal; None when nobody knows it.
        """
        # Not found: it has ended, and its id is that of a thread of somebody else's by now.
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            descriptor = os.pidfd_open(self.id.pid)
            try:
                if self._own_child or self.id.alive:
                    await _readable(descriptor)
                    with contextlib.suppress(ChildProcessError):  # an adopted one is init's child
                        os.waitpid(self.id.pid, os.WNOHANG)  # noqa: ASYNC222 - does not wait
            finally:
                os.close(descriptor)
        self.kill()
        code = _read_status(self._status_path).get("exit-code")
        return None if code is None else int(code)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)


def start(launch: Launch, *, log_path: Path, status_path: Path) -> Process:
    """Start a launch in a session of its own, with its output at the end of the log file."""
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(_open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
        status = stack.enter_context(_open(status_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
        inputs = {ARGUMENTS_FD: launch.input, FILTER_FD: launch.filter}
        memory = {
            n: stack.enter_context(_memory(content)) for n, content in inputs.items() if content
        }
        pid = os.posix_spawn(
            launch.executable,
            list(launch.arguments),
            dict(launch.environment),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
                (os.POSIX_SPAWN_DUP2, status, STATUS_FD),
                *((os.POSIX_SPAWN_DUP2, source, target) for target, source in memory.items()),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM],
        )
    ticks = proc.start_ticks(pid)
    id = ProcessId(pid, -1 if ticks is None else ticks, proc.boot_id())
    return Process(id, status_path, own_child=True)


def find(identity: str, status_path: Path) -> Process | None:
    """A monitor that was started and never noted."""
    for pid, known in monitors(identity):
        if known == identity and (ticks := proc.start_ticks(pid)) is not None:
            return Process(ProcessId(pid, ticks, proc.boot_id()), status_path)
    return None


def monitors(prefix: str) -> Iterator[tuple[int, str]]:
    """Process id and identity of the monitors whose identity begins with `prefix`.

    Only processes in the engine's own PID namespace count: what runs inside a sandbox can write
    whatever it likes into its `argv[0]`.
    """
    own = proc.namespace("self")
    for pid in proc.all_pids():
        arguments = proc.arguments(pid)
        if arguments and arguments[0].startswith(prefix) and proc.namespace(pid) == own:
            yield pid, arguments[0]


def _session(id: ProcessId) -> list[int]:
    """Members of the monitor's session that its tree no longer shows, without the monitor.

    A number stays taken while a session of that number has members. So only a stranger who leads
    the session now shows that all members are gone.
    """
    leader = proc.start_ticks(id.pid)
    if id.boot != proc.boot_id() or leader not in (None, id.ticks):
        return []
    found = []
    for pid in proc.all_pids():
        with contextlib.suppress(OSError):
            if pid != id.pid and os.getsid(pid) == id.pid:
                found.append(pid)
    return found


@contextlib.contextmanager
def _open(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    with _high(descriptor) as high:
        yield high


@contextlib.contextmanager
def _memory(content: bytes) -> Iterator[int]:
    descriptor = os.memfd_create("arguments", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    with _high(descriptor) as high:
        yield high


@contextlib.contextmanager
def _high(descriptor: int) -> Iterator[int]:
    try:
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    finally:
        os.close(descriptor)
    try:
        yield high
    finally:
        os.close(high)


def _read_status(path: Path) -> dict[str, Any]:
    """All that the monitor wrote so far; a line cut short by a crash is left out."""
    result: dict[str, Any] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(orjson.JSONDecodeError):
                result |= orjson.loads(line)
    return result
