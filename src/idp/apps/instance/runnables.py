"""Keeps the parts of an instance running: one that fails is started again, the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from idp.kernel.controller import Runnable

log = structlog.get_logger(__name__)

FIRST_DELAY = 0.5
LAST_DELAY = 30.0


@dataclass
class PartHealth:
    """How one part does.

    Attributes:
        name: Such as `gateway`.
        failures: How often it failed.
        error: How it failed last; empty while it runs.
    """

    name: str
    failures: int = 0
    error: str = ""


class Parts:
    """Runs parts by name."""

    def __init__(self, parts: Mapping[str, Runnable]) -> None:
        self._parts = parts
        self.health = {name: PartHealth(name) for name in parts}

    async def run(self) -> None:
        """Run all until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, part in self._parts.items():
                group.create_task(self._keep(name, part), name=name)

    async def _keep(self, name: str, part: Runnable) -> None:
        delay, health = FIRST_DELAY, self.health[name]
        while True:
            try:
                health.error = ""
                await part.run()
                health.error = "it ended"
            except Exception as error:  # a bug in one part must not stop the others
                health.error = f"{type(error).__name__}: {error}"
                log.exception("a part failed; starting it again", part=name, retry_in=delay)
            health.failures += 1
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_DELAY)
