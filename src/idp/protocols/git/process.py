"""Running `git` on content of strangers: a closed environment, a deadline, nothing to execute.

No configuration but ours is read (neither the machine's nor a user's nor a repository's hooks), no
question is asked, and secrets and clients' words reach `git` only through its environment and its
standard input, never as arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import IO

from idp.kernel.errors import DeadlineExceeded, MissingPrerequisite, Unavailable

_PROTOCOL = re.compile(r"[a-z0-9=:.-]{1,64}")
_GRACE_SECONDS = 2.0

_SETTINGS: Mapping[str, str] = {
    "core.hooksPath": os.devnull,
    "core.fsync": "all",
    "safe.directory": "*",
    "transfer.fsckObjects": "true",
    "http.followRedirects": "false",
    "gc.autoDetach": "false",
    "pack.threads": "1",
    "pack.windowMemory": "64m",
    "pack.deltaCacheSize": "32m",
}


class GitFailed(Unavailable):
    """A `git` process ended with an error.

    Attributes:
        exit_code: What it ended with.
        complaint: The end of what it wrote to standard error.
    """

    def __init__(self, command: str, exit_code: int, complaint: str) -> None:
        super().__init__(f"`git {command}` failed: {complaint or f'exit code {exit_code}'}")
        self.exit_code = exit_code
        self.complaint = complaint


def environment(
    home: Path, settings: Mapping[str, str], *, protocol: str | None = None
) -> dict[str, str]:
    """The whole environment of a `git` process.

    Args:
        home: Its home folder, which holds no configuration.
        settings: Git configuration on top of the common one; may hold secrets.
        protocol: A client's `Git-Protocol` header; one that is malformed is ignored, as the
            protocol demands of unknown ones.
    """
    values = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "http:https",
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
        home: Folder that `git` takes as its home and runs in.
        settings: Git configuration of all processes.
        processes: How many run at the same time; further ones wait.
        seconds: Longest life of one process.
    """

    def __init__(
        self,
        home: Path,
        *,
        settings: Mapping[str, str] | None = None,
        processes: int = 8,
        seconds: float = 600.0,
    ) -> None:
        self._home = home
        self._settings = dict(settings or {})
        self._places = asyncio.Semaphore(processes)
        self._seconds = seconds

    async def run(
        self,
        arguments: Sequence[str],
        *,
        settings: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        protocol: str | None = None,
        stdin: IO[bytes] | bytes | None = None,
        inherit: Sequence[int] = (),
    ) -> bytes:
        """Run to the end and give what was printed. Parameters and errors as `stream`.

        Args:
            stdin: As for `stream`, or the content itself.
        """
        with contextlib.ExitStack() as stack:
            if isinstance(stdin, bytes):
                content, stdin = stdin, stack.enter_context(tempfile.TemporaryFile(buffering=0))
                stdin.write(content)
                stdin.seek(0)
            output = bytearray()
            stream = self.stream(
                arguments,
                settings=settings,
                variables=variables,
                protocol=protocol,
                stdin=stdin,
                inherit=inherit,
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
        variables: Mapping[str, str] | None = None,
        protocol: str | None = None,
        stdin: IO[bytes] | None = None,
        inherit: Sequence[int] = (),
    ) -> AsyncGenerator[bytes, None]:
        """Run and give what is printed, piece by piece.

        Args:
            arguments: After `git`.
            settings: Git configuration of this process.
            variables: Environment variables of this process.
            protocol: Value of a `Git-Protocol` header.
            stdin: Open file that the process reads; None means nothing to read.
            inherit: File descriptors that stay open in the process (a lock it shall hold).

        Raises:
            GitFailed: It ended with an error.
            DeadlineExceeded: It took too long and was ended.
            MissingPrerequisite: There is no `git`.
        """
        async with self._places:
            process = await self._start(
                arguments,
                {
                    **environment(
                        self._home, {**self._settings, **(settings or {})}, protocol=protocol
                    ),
                    **(variables or {}),
                },
                stdin,
                inherit,
            )
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
                raise GitFailed(arguments[0], code, text)

    async def _start(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        stdin: IO[bytes] | None,
        inherit: Sequence[int],
    ) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                "git",
                *arguments,
                stdin=stdin if stdin is not None else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=variables,
                cwd=self._home,
                pass_fds=inherit,
            )
        except FileNotFoundError as error:
            raise MissingPrerequisite(
                "the command `git` is not installed",
                remedy="Install Git 2.34 or newer, for example with `apt install git`.",
            ) from error


async def _tail(stream: asyncio.StreamReader | None, limit: int = 2000) -> str:
    kept = b""
    while stream is not None and (chunk := await stream.read(4096)):
        kept = (kept + chunk)[-limit:]
    return kept.decode(errors="replace").strip()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process that still runs: asked first, because `git` then removes its lock files."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
