"""What runs until it is cancelled, for the time of a test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from idp.kernel.controller import Runnable


@contextlib.asynccontextmanager
async def running(runnable: Runnable) -> AsyncIterator[None]:
    """Run an engine or a controller; what it raises by itself fails the test."""
    task = asyncio.create_task(runnable.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
