"""A new release rolls out in development while requests come at a fixed rate."""

from __future__ import annotations

import asyncio

from benchmarks.figure import Figure
from benchmarks.load import Answers, send
from benchmarks.pushes import APPLICATION, promotion_seconds, push_change
from benchmarks.stage import Stage

RATE = 100.0
SECONDS = 20.0


async def measure(stage: Stage) -> list[Figure]:
    """Send requests, push a change, count what failed.

    Raises:
        RuntimeError: The new release did not answer before the load ended.
    """
    assert stage.demo_seconds
    answers = Answers()
    url, headers = stage.url(APPLICATION, "development")
    load = asyncio.create_task(send(url, headers, rate=RATE, seconds=SECONDS, answers=answers))
    change = await push_change(stage)
    await load
    await promotion_seconds(stage, "staging", change)
    total, failed = len(answers.milliseconds), answers.failures.total()
    after = sum(n for body, n in answers.bodies.items() if change.commit.encode() in body)
    if after == 0:
        raise RuntimeError("the new release did not answer before the load ended")
    what = f"{total} requests at {RATE:.0f}/s, the last {after} answered by the new release"
    if failed:
        what += f"; {dict(answers.failures)}"
    return [
        Figure("Failed requests during a rolling update", failed, "requests", 0, note=what),
        Figure("Answer during a rolling update, median", answers.percentile(50), "ms"),
        Figure("Answer during a rolling update, 99 of 100", answers.percentile(99), "ms"),
    ]
