"""The supervisor: starts the hub and the instances, and starts again what dies.

One supervisor holds the lock of a data folder. Its children are forks of a fork server, a process
that has imported everything once and does nothing else (`multiprocessing`'s `forkserver`, with
`preload`): they start at once and share that memory. The supervisor itself imports next to nothing.

1. A child watches a pipe that the supervisor holds; when the supervisor dies, even by `kill -9`,
   the pipe closes and the children stop, so that the next supervisor never meets strangers on its
   ports. What the instances run for users (pods, gateways) goes on meanwhile and is adopted again.
2. A child that dies is started again after 0.2 s, then twice as long each time, up to 10 s; one
   that lived for a minute counts from the start again.
3. A fork server that dies takes nobody with it: children are watched by process descriptors of
   their own, and the next start of a child starts another fork server.
"""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.apps.platform.child import describe_exit, run_child
from idp.apps.platform.files import read_json, write_json
from idp.apps.platform.layout import Layout
from idp.kernel.errors import AlreadyExists

FIRST_DELAY = 0.2
LAST_DELAY = 10.0
GRACE_SECONDS = 15.0
LOG_LIMIT = 20 * 2**20
HEALTHY_AFTER = 60.0
EXIT_SECONDS = 1.0
PRELOAD = ("idp.apps.platform.preload",)

MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(2**20)}
"""How the C library of the children manages memory. By default every thread gets an arena, and
what it once needed stays there: 19 MiB for each thread that checked a password."""

_UNKNOWN = 255
"""What `multiprocessing` gives as exit code when the fork server died before the child."""


@dataclass
class Child:
    """One process of the platform.

    Attributes:
        name: `hub`, or the environment of an instance.
        module: Its `main()` is run.
        arguments: Given to it.
        pid: Of the running process; 0 while none runs.
        restarts: How often it died.
        last_exit: How it died last, for people; empty when it never did.
    """

    name: str
    module: str
    arguments: Sequence[str] = ()
    pid: int = 0
    restarts: int = 0
    last_exit: str = ""


def next_delay(former: float, lived: float) -> float:
    """Seconds to wait before starting a child again that lived for `lived` seconds."""
    if lived >= HEALTHY_AFTER:
        return FIRST_DELAY
    return min(former * 2, LAST_DELAY)


def hold_lock(path: Path) -> int:
    """Take the lock of the data folder until the process ends.

    Raises:
        AlreadyExists: Another supervisor holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise AlreadyExists("the platform runs already") from error
    return descriptor


def _environments(layout: Layout) -> list[str]:
    """Names of the instances.

    `up` has checked the settings, and so does every child; doing it here as well would take the
    memory of pydantic for as long as the platform runs.
    """
    return list(read_json(layout.settings)["instances"])


class Supervisor:
    """Runs the children of one data folder.

    Args:
        layout: The data folder.
        preload: Modules that the fork server imports before the first child.
    """

    def __init__(self, layout: Layout, preload: Sequence[str] = PRELOAD) -> None:
        self._layout = layout
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        data = str(layout.folder)
        self._children = [
            Child("hub", "idp.apps.hub.__main__", (data,)),
            *(
                Child(name, "idp.apps.instance.__main__", (data, name))
                for name in _environments(layout)
            ),
        ]

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop the children."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        self._layout.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        keepers = [asyncio.create_task(self._keep(child)) for child in self._children]
        try:
            await stop.wait()
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            self._layout.supervisor.unlink(missing_ok=True)

    async def _keep(self, child: Child) -> None:
        delay = FIRST_DELAY
        while True:
            started = time.monotonic()
            try:
                child.last_exit = describe_exit(await self._run_once(child))
            except (OSError, EOFError) as error:
                child.last_exit = f"not started: {error or 'the fork server ended'}"
            child.restarts += 1
            child.pid = 0
            self._publish()
            await asyncio.sleep(delay)
            delay = next_delay(delay, time.monotonic() - started)

    async def _run_once(self, child: Child) -> int:
        log = self._layout.log(child.name)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        process = self._context.Process(
            target=run_child,
            name=child.name,
            args=(f"idp-{child.name}", child.module, tuple(child.arguments), str(log)),
        )
        # Blocks while a new fork server imports; there is nothing else to do for the supervisor.
        process.start()
        child.pid = process.pid or 0
        self._publish()
        try:
            await _live(child.pid)
        finally:
            process.join(EXIT_SECONDS)
            code = process.exitcode
            process.close()
        return _UNKNOWN if code is None else code

    def _publish(self) -> None:
        write_json(
            self._layout.supervisor,
            {
                "pid": os.getpid(),
                "children": [
                    {
                        "name": child.name,
                        "pid": child.pid,
                        "restarts": child.restarts,
                        "lastExit": child.last_exit,
                    }
                    for child in self._children
                ],
            },
        )


async def _live(pid: int) -> None:
    """Wait for the end of a process, and bring it about when cancelled.

    The descriptor is the process's own: `multiprocessing` would report the end of the fork server
    as the end of all its children.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except (ProcessLookupError, FileNotFoundError):  # not found: its id is a thread's by now
        return
    try:
        await _readable(descriptor)
    except asyncio.CancelledError:
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await _readable(descriptor)
        except TimeoutError:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            await _readable(descriptor)
        raise
    finally:
        os.close(descriptor)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)


def main() -> None:
    """Run the supervisor of the data folder given as argument."""
    layout = Layout(Path(sys.argv[1]))
    os.environ.update(MEMORY)
    lock = hold_lock(layout.supervisor_lock)
    try:
        asyncio.run(Supervisor(layout).run())
    finally:
        os.close(lock)


if __name__ == "__main__":
    main()
