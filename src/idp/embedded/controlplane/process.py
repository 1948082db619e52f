"""One program that is kept running for as long as this process lives."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from idp.embedded.controlplane import launch
from idp.kernel.errors import Unavailable

log = structlog.get_logger(__name__)

FIRST_DELAY = 0.2
LAST_DELAY = 10.0
HEALTHY_AFTER = 60.0
LOG_BYTES = 16 * 2**20
"""A log is turned over at this size; one former file is kept."""
_CAP_SECONDS = 60.0
_TAIL = 2048


@dataclass(frozen=True, slots=True)
class Program:
    """What to run.

    Attributes:
        name: For logs.
        command: Absolute path and arguments; no secrets, everybody can read them.
        folder: Where it works; its log is there, as `<name>.log`.
        stop_seconds: How long it may take to end when it is asked to.
    """

    name: str
    command: Sequence[str]
    folder: Path
    stop_seconds: float

    @property
    def log(self) -> Path:
        """What it writes."""
        return self.folder / f"{self.name}.log"

    def last_line(self) -> str:
        """The last line that it wrote; empty when it wrote nothing."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                lines = file.read().decode(errors="replace").split("\n")
        except FileNotFoundError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


class KeptProcess:
    """Starts a program, and starts it again whenever it ends.

    It does not outlive this process, even when that is killed: the next one finds port and data
    free.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of the running process; 0 while none runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    async def start(self) -> None:
        """Start it."""
        program = self.program
        self._cap_log()
        with program.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", launch.__file__, str(os.getpid())),
                *program.command,
                cwd=program.folder,
                env={"PATH": os.defpath},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def ended(self) -> Unavailable:
        """Wait for its end; says how it came."""
        assert self._process is not None
        code = await self._process.wait()
        said = self.program.last_line()
        return Unavailable(
            f"{self.program.name} ended with {code}: {said[-400:]}",
            remedy=f"Look at {self.program.log}.",
        )

    async def run(self) -> None:
        """Keep it running until cancelled; it runs already."""
        capping = asyncio.create_task(self._keep_log_small())
        try:
            await self._keep_alive()
        finally:
            capping.cancel()

    async def _keep_alive(self) -> None:
        loop, delay = asyncio.get_running_loop(), FIRST_DELAY
        while True:
            started = loop.time()
            problem = await self.ended()
            if loop.time() - started > HEALTHY_AFTER:
                delay = FIRST_DELAY
            log.warning("starting it again", program=self.program.name, problem=problem.message)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_DELAY)
            await self.start()

    async def stop(self) -> None:
        """End it: asked first, killed when it does not listen."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            try:
                async with asyncio.timeout(self.program.stop_seconds):
                    await process.wait()
            except TimeoutError:
                process.kill()
        await process.wait()

    async def _keep_log_small(self) -> None:
        while True:
            await asyncio.sleep(_CAP_SECONDS)
            self._cap_log()

    def _cap_log(self) -> None:
        """Copy aside and empty: the program holds the file open, for appending."""
        path = self.program.log
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.with_name(f"{path.name}.1").write_bytes(path.read_bytes()[-LOG_BYTES:])
            os.truncate(path, 0)
