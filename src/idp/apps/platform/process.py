"""How a child of the supervisor lives: until SIGTERM, or until the supervisor is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine

import structlog

from idp.kernel.errors import IdpError, MissingPrerequisite

log = structlog.get_logger(__name__)

NEEDS_HELP = 9
"""Exit code of a process that cannot work until a person has changed something."""


def run_process(work: Coroutine[None, None, None]) -> None:
    """Run a child of the supervisor; what ends it becomes the last words of its log."""
    try:
        asyncio.run(work)
    except IdpError as error:
        log.error("the process ends", error=error.message, remedy=error.remedy or "")
        sys.exit(NEEDS_HELP if isinstance(error, MissingPrerequisite) else 1)


def describe_exit(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


async def until_stopped() -> None:
    """Wait for SIGTERM or SIGINT, or for the end of standard input.

    The supervisor holds the other end of standard input and never writes: its end means that the
    supervisor is gone. A terminal or `/dev/null` as standard input does not count, so that a
    process can be started by hand.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    descriptor = sys.stdin.fileno() if sys.stdin is not None else -1
    watched = descriptor >= 0 and _is_pipe(descriptor)
    if watched:
        loop.add_reader(descriptor, _on_readable, descriptor, stopped)
    try:
        await stopped.wait()
    finally:
        if watched:
            loop.remove_reader(descriptor)


def _is_pipe(descriptor: int) -> bool:
    import stat

    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _on_readable(descriptor: int, stopped: asyncio.Event) -> None:
    if not os.read(descriptor, 4096):
        stopped.set()
