"""From `git push` of a small change to the first 200 of the changed application in development."""

from __future__ import annotations

import statistics

from benchmarks.figure import Figure
from benchmarks.pushes import promotion_seconds, push_change, until_answering
from benchmarks.stage import Stage

PUSHES = 5


async def measure(stage: Stage) -> list[Figure]:
    """Push one after the other, each when the one before has settled everywhere."""
    assert stage.demo_seconds
    durations = []
    for _ in range(PUSHES):
        change = await push_change(stage)
        durations.append(await until_answering(stage, "development", change) - change.started)
        await promotion_seconds(stage, "staging", change)
    note = f"median of {PUSHES}; slowest {max(durations):.1f} s"
    return [
        Figure(
            "Push to the first 200 in development", statistics.median(durations), "s", 20, note=note
        )
    ]
