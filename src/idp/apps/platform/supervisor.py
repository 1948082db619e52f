"""The supervisor: starts the hub and the instances, and starts again what dies.

One supervisor holds the lock of a data folder. It gives every child a pipe as standard input; when
the supervisor dies, even by `kill -9`, the pipe closes and the children stop, so that the next
supervisor never meets strangers on its ports. What the instances run for users (pods, gateways)
goes on meanwhile and is adopted again. A child that dies is started again after 0.2 s, then
twice as long each time, up to 10 s; one that lived for a minute counts from the start again.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from idp.apps.platform.files import write_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.process import describe_exit
from idp.apps.platform.settings import require_settings
from idp.kernel.errors import AlreadyExists

FIRST_DELAY = 0.2
LAST_DELAY = 10.0
GRACE_SECONDS = 15.0
LOG_LIMIT = 20 * 2**20
HEALTHY_AFTER = 60.0


@dataclass
class Child:
    """One process of the platform.

    Attributes:
        name: `hub`, or the environment of an instance.
        command: What is run.
        pid: Of the running process; 0 while none runs.
        restarts: How often it died.
        last_exit: How it died last, for people; empty when it never did.
    """

    name: str
    command: list[str]
    pid: int = 0
    restarts: int = 0
    last_exit: str = ""
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)


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


class Supervisor:
    """Runs the children of one data folder."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        settings = require_settings(layout)
        data = str(layout.folder)
        self._children = [
            Child("hub", [sys.executable, "-m", "idp.apps.hub", data]),
            *(
                Child(name, [sys.executable, "-m", "idp.apps.instance", data, name])
                for name in settings.instances
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
                code = await self._run_once(child)
            finally:
                await _stop(child)
            child.restarts += 1
            child.last_exit = describe_exit(code)
            child.pid = 0
            self._publish()
            await asyncio.sleep(delay)
            delay = next_delay(delay, time.monotonic() - started)

    async def _run_once(self, child: Child) -> int:
        log = self._layout.log(child.name)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            child.process = await asyncio.create_subprocess_exec(
                *child.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        child.pid = child.process.pid
        self._publish()
        return await child.process.wait()

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


async def _stop(child: Child) -> None:
    process = child.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def main() -> None:
    """Run the supervisor of the data folder given as argument."""
    layout = Layout(Path(sys.argv[1]))
    lock = hold_lock(layout.supervisor_lock)
    try:
        asyncio.run(Supervisor(layout).run())
    finally:
        os.close(lock)


if __name__ == "__main__":
    main()
