"""A promotion that waits for nobody: from its creation in staging to its success."""

from __future__ import annotations

import statistics

from benchmarks.figure import Figure
from benchmarks.pushes import promotion_seconds, push_change
from benchmarks.stage import Stage

PROMOTIONS = 3


async def measure(stage: Stage) -> list[Figure]:
    """Push, and follow what staging makes of it."""
    assert stage.demo_seconds
    durations = []
    for _ in range(PROMOTIONS):
        change = await push_change(stage)
        durations.append(await promotion_seconds(stage, "staging", change))
    note = f"nine steps; median of {PROMOTIONS}; slowest {max(durations):.1f} s"
    return [
        Figure("Promotion without a human wait", statistics.median(durations), "s", 10, note=note)
    ]
