"""Runs the hub: `python -m idp.apps.hub DATA`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from idp.apps.hub.application import hub_application
from idp.apps.platform.child import run_process, until_stopped
from idp.apps.platform.layout import Layout
from idp.apps.platform.settings import require_settings
from idp.kernel.logging import configure_logging

GRACE_SECONDS = 3
TICK_SECONDS = 1.0


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: `until_stopped` decides when the process ends."""
        yield

    async def main_loop(self) -> None:
        """Keep the `Date` header right until the end, waking once a second instead of ten times."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Answer what was asked, then end."""
        self.should_exit = True
        self._stopping.set()


async def run(layout: Layout) -> None:
    """Serve until stopped."""
    settings = require_settings(layout)
    application = hub_application(layout, settings)
    server = _Server(
        uvicorn.Config(
            application,
            host="127.0.0.1",
            port=settings.hub,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=75,
        )
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(until_stopped())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    application.state.changes.close()
    application.state.feed.close()
    server.stop()
    await serving


def main() -> None:
    """Start."""
    configure_logging(readable=False)
    run_process(run(Layout(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
