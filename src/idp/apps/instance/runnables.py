"""Keeps the parts of an instance running: one that fails is started again, the others go on."""

from __future__ import annotations

import asyncio
import time

import structlog

from idp.capabilities.environments.kinds import ComponentStatus
from idp.kernel.controller import Runnable

log = structlog.get_logger(__name__)

FIRST_DELAY = 0.5
LAST_DELAY = 30.0
HEALTHY_AFTER = 60.0


class Parts:
    """Runs parts by name, and knows how each does."""

    def __init__(self) -> None:
        self._parts: dict[str, Runnable] = {}
        self._health: dict[str, ComponentStatus] = {}

    def add(self, name: str, part: Runnable) -> None:
        """Add a part; before `run`."""
        self._parts[name] = part
        self._health[name] = ComponentStatus(name=name, healthy=True)

    def components(self) -> list[ComponentStatus]:
        """How every part does."""
        return list(self._health.values())

    async def run(self) -> None:
        """Run all until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, part in self._parts.items():
                group.create_task(self._keep(name, part), name=name)

    async def _keep(self, name: str, part: Runnable) -> None:
        delay = FIRST_DELAY
        while True:
            started = time.monotonic()
            try:
                await part.run()
                problem = "it ended"
            except Exception as error:  # a bug in one part must not stop the others
                problem = f"{type(error).__name__}: {error}"
                log.exception("a part failed; starting it again", part=name, retry_in=delay)
            self._health[name] = ComponentStatus(name=name, healthy=False, message=problem)
            if time.monotonic() - started > HEALTHY_AFTER:
                delay = FIRST_DELAY
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_DELAY)
            self._health[name] = ComponentStatus(
                name=name, healthy=True, message=f"started again after: {problem}"
            )
