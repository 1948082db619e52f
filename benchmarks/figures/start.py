"""Set-up of an empty platform, the demo on it, and the second start with everything in place."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from benchmarks.figure import Figure
from benchmarks.stage import Stage
from idp.apps.cli.demo.examples import EXAMPLES

DEADLINE = 120.0


async def measure(stage: Stage) -> list[Figure]:
    """Set up, run the demo, stop, start again until every application answers."""
    demo = stage.demo_seconds
    stage.cli("down")
    started = time.monotonic()
    stage.cli("up", "--yes")
    ready = time.monotonic() - started
    await _until_all_answer(stage)
    return [
        Figure("Set-up until the platform is ready", stage.set_up_seconds, "s", 10),
        Figure("The demo: two applications to production", demo, "s"),
        Figure("Second start until the platform is ready", ready, "s", 10),
        Figure(
            "Second start until every application answers",
            time.monotonic() - started,
            "s",
            30,
        ),
    ]


async def _until_all_answer(stage: Stage) -> None:
    names = [(e.name, environment) for e in EXAMPLES for environment in stage.settings.instances]
    async with aiohttp.ClientSession() as session, asyncio.timeout(DEADLINE):
        for application, environment in names:
            url, headers = stage.url(application, environment)
            while True:
                async with session.get(url, headers=headers) as response:
                    if response.status == 200:
                        break
                await asyncio.sleep(0.05)
