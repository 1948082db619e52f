"""A program is kept running, and does not outlive the process that keeps it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from idp.embedded.controlplane import launch
from idp.embedded.controlplane.process import LOG_BYTES, KeptProcess, Program

SLEEPING = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(600)"
)


def program(folder: Path, code: str) -> Program:
    return Program("sleeper", [sys.executable, "-c", code], folder, stop_seconds=0.2)


async def until(path: Path, text: str) -> None:
    async with asyncio.timeout(20):
        while not path.exists() or text not in path.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def kept(process: KeptProcess) -> AsyncIterator[None]:
    await process.start()
    running = asyncio.create_task(process.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await process.stop()


async def test_it_is_started_again_when_it_is_killed(tmp_path: Path) -> None:
    process = KeptProcess(program(tmp_path, SLEEPING))
    async with kept(process):
        await until(process.program.log, "up")
        former = process.pid
        os.kill(former, signal.SIGKILL)
        await until(process.program.log, "up\nup")
        assert process.pid not in (0, former)
    assert process.pid == 0


@pytest.mark.parametrize("code", [SLEEPING, STUBBORN])
async def test_it_ends_when_it_is_stopped(tmp_path: Path, code: str) -> None:
    process = KeptProcess(program(tmp_path, code))
    await process.start()
    await until(process.program.log, "up")
    await process.stop()
    assert process.pid == 0


async def test_its_last_line_says_why_it_ended(tmp_path: Path) -> None:
    process = KeptProcess(program(tmp_path, "raise SystemExit('no such flag')"))
    await process.start()
    problem = await process.ended()
    assert "sleeper ended with 1: no such flag" in problem.message
    assert str(process.program.log) in str(problem.remedy)


async def test_a_log_that_is_too_large_is_turned_over(tmp_path: Path) -> None:
    process = KeptProcess(program(tmp_path, SLEEPING))
    process.program.log.write_bytes(b"x" * (LOG_BYTES + 1))
    await process.start()
    await until(process.program.log, "up")
    assert process.program.log.stat().st_size < 100
    assert (tmp_path / "sleeper.log.1").stat().st_size == LOG_BYTES
    await process.stop()


def test_it_ends_with_who_started_it(tmp_path: Path) -> None:
    """The parent prints the child's process id and is killed."""
    parent = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, {launch.__file__!r}, str(os.getpid()),"
        f" sys.executable, '-c', {SLEEPING!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    answer = subprocess.run([sys.executable, "-c", parent], capture_output=True, check=False)
    pid = int(answer.stdout)
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            import select

            assert select.select([handle], [], [], 20)[0], "it goes on"
        finally:
            os.close(handle)
