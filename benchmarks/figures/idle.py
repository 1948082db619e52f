"""Memory and processor time while nobody does anything, with the demo's applications running."""

from __future__ import annotations

import asyncio
import time

from benchmarks.figure import Figure
from benchmarks.processes import usage
from benchmarks.stage import Stage

SETTLE_SECONDS = 20.0
SECONDS = 60.0


async def measure(stage: Stage) -> list[Figure]:
    """Let everything settle, then look twice."""
    assert stage.demo_seconds
    await asyncio.sleep(SETTLE_SECONDS)
    before, started = usage(stage.layout), time.monotonic()
    await asyncio.sleep(SECONDS)
    after, seconds = usage(stage.layout), time.monotonic() - started

    def share(used: float) -> float:
        return used / seconds * 100

    everything = share(after.all.seconds - before.all.seconds)
    own = share(after.platform.seconds - before.platform.seconds)
    return [
        Figure("Idle memory of all processes", after.all.memory, "MB", 900, note="PSS"),
        Figure("of which the platform", after.platform.memory, "MB"),
        Figure("of which the applications", after.applications.memory, "MB", note="12 pods"),
        Figure("Idle processor time of all processes", everything, "% of a core", 5),
        Figure("of which the platform", own, "% of a core"),
    ]
