"""Works off what lies in SQL: looks when it is woken, when a try failed, and regularly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

FIRST_DELAY, LONGEST_DELAY, LOOK_AGAIN = 1.0, 300.0, 300.0


async def work_off(name: str, look: Callable[[], Awaitable[int]], wake: asyncio.Event) -> None:
    """Look until cancelled.

    Args:
        name: What is worked off, for the log.
        look: Does what is there to do; gives how much has to be tried again.
        wake: Set by whoever adds something.
    """
    delay = FIRST_DELAY
    while True:
        wake.clear()
        try:
            left = await look()
        except Exception:  # a full disk, say: the hub serves on, and what is in SQL stays there
            log.exception("looked in vain", backlog=name)
            left = 1
        wait = delay if left else LOOK_AGAIN
        delay = min(delay * 2, LONGEST_DELAY) if left else FIRST_DELAY
        try:
            async with asyncio.timeout(wait):
                await wake.wait()
        except TimeoutError:
            continue
