"""A child of the supervisor: how it begins, and how long it lives.

It begins as a fork of the fork server (see `supervisor`), and lives until SIGTERM, or until the
supervisor is gone. The modules that a child runs can be started by hand as well; then nobody's end
is watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path

import structlog

from idp.kernel.errors import IdpError, MissingPrerequisite

logger = structlog.get_logger(__name__)

NEEDS_HELP = 9
"""Exit code of a process that cannot work until a person has changed something."""


def run_child(name: str, module: str, arguments: Sequence[str], log: str) -> None:
    """Become the process `name`: run `main()` of a module with its output in a log file.

    Args:
        name: What `ps` and `top` show; 15 bytes are kept.
        module: Its `main()` reads `sys.argv`, as when it is started by `python -m`.
        arguments: Its arguments.
        log: Path of the file that standard output and standard error are appended to.
    """
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    Path("/proc/self/comm").write_text(name)
    sys.argv = [module, *arguments]
    importlib.import_module(module).main()


def run_process(work: Coroutine[None, None, None]) -> None:
    """Run what a child does; what ends it becomes the last words of its log."""
    try:
        asyncio.run(work)
    except IdpError as error:
        logger.error("the process ends", error=error.message, remedy=error.remedy or "")
        sys.exit(NEEDS_HELP if isinstance(error, MissingPrerequisite) else 1)


def describe_exit(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT, or for the end of the supervisor that forked this process."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        await stopped.wait()
        return
    loop.add_reader(supervisor.sentinel, stopped.set)
    try:
        await stopped.wait()
    finally:
        loop.remove_reader(supervisor.sentinel)
