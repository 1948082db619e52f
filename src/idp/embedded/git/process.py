"""Running `git` on behalf of strangers: a closed environment, a deadline, nothing to execute.

No configuration but ours is read (neither the machine's nor a user's nor a repository's hooks), no
question is asked, and a client's words reach `git` only through its standard input and, for the
protocol version, through one checked variable.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import IO

import structlog

from idp.kernel.errors import DeadlineExceeded, MissingPrerequisite, Unavailable

log = structlog.get_logger(__name__)

_PROTOCOL = re.compile(r"[a-z0-9=:.-]{1,64}")

_SETTINGS: Mapping[str, str] = {
    "core.hooksPath": os.devnull,
    "core.fsync": "all",
    "safe.directory": "*",
    "transfer.fsckObjects": "true",
    "transfer.hideRefs": "refs/idp",
    "gc.autoDetach": "false",
    "pack.threads": "1",
    "pack.windowMemory": "64m",
    "pack.deltaCacheSize": "32m",
}


def environment(
    home: Path, settings: Mapping[str, str], *, protocol: str | None = None
) -> dict[str, str]:
    """The whole environment of a `git` process.

    Args:
        home: Its home folder, which holds no configuration.
        settings: Git configuration on top of the common one.
        protocol: The client's `Git-Protocol` header; one that is malformed is ignored, as the
            protocol demands of unknown ones.
    """
    values = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ADVICE": "0",
    }
    merged = {**_SETTINGS, **settings}
    values["GIT_CONFIG_COUNT"] = str(len(merged))
    for number, (key, value) in enumerate(merged.items()):
        values[f"GIT_CONFIG_KEY_{number}"] = key
        values[f"GIT_CONFIG_VALUE_{number}"] = value
    if protocol is not None and _PROTOCOL.fullmatch(protocol):
        values["GIT_PROTOCOL"] = protocol
    return values


class Git:
    """Starts `git` processes, only so many at a time.

    Args:
        home: Folder for what `git` takes as its home.
        processes: How many run at the same time; further ones wait.
        seconds: Longest life of one process.
    """

    def __init__(self, home: Path, *, processes: int, seconds: float) -> None:
        self._home = home
        self._places = asyncio.Semaphore(processes)
        self._seconds = seconds

    async def run(
        self,
        arguments: Sequence[str],
        *,
        settings: Mapping[str, str] | None = None,
        protocol: str | None = None,
        stdin: IO[bytes] | None = None,
        inherit: Sequence[int] = (),
    ) -> bytes:
        """Run to the end and give what was printed.

        Raises:
            Unavailable: It failed; the message holds the last lines of its complaint.
            DeadlineExceeded: It took too long and was killed.
        """
        output = bytearray()
        stream = self.stream(
            arguments, settings=settings, protocol=protocol, stdin=stdin, inherit=inherit
        )
        async with contextlib.aclosing(stream):
            async for chunk in stream:
                output += chunk
        return bytes(output)

    async def stream(
        self,
        arguments: Sequence[str],
        *,
        settings: Mapping[str, str] | None = None,
        protocol: str | None = None,
        stdin: IO[bytes] | None = None,
        inherit: Sequence[int] = (),
    ) -> AsyncGenerator[bytes, None]:
        """Run and give what is printed, piece by piece. Raises as `run`.

        Args:
            stdin: Open file that the process reads; None means nothing to read.
            inherit: File descriptors that stay open in the process (a lock it shall hold).
        """
        async with self._places:
            try:
                process = await asyncio.create_subprocess_exec(
                    "git",
                    *arguments,
                    stdin=stdin if stdin is not None else asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    env=environment(self._home, settings or {}, protocol=protocol),
                    cwd=self._home,
                    pass_fds=inherit,
                )
            except FileNotFoundError as error:
                raise MissingPrerequisite(
                    "the command `git` is not installed",
                    remedy="Install Git 2.31 or newer, for example `apt install git`.",
                ) from error
            complaint = asyncio.create_task(_tail(process.stderr))
            try:
                async with asyncio.timeout(self._seconds):
                    assert process.stdout is not None
                    while chunk := await process.stdout.read(65536):
                        yield chunk
                    code = await process.wait()
            except TimeoutError:
                raise DeadlineExceeded(
                    f"`git {arguments[0]}` did not end within {self._seconds:g} s"
                ) from None
            finally:
                await _end(process)
                text = await complaint
            if code != 0:
                raise Unavailable(f"`git {arguments[0]}` failed: {text or f'exit code {code}'}")


async def _tail(stream: asyncio.StreamReader | None, limit: int = 2000) -> str:
    kept = b""
    while stream is not None and (chunk := await stream.read(4096)):
        kept = (kept + chunk)[-limit:]
    return kept.decode(errors="replace").strip()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
