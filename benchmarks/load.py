"""Requests at a fixed rate, whatever the answers do, and how long the answers took."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

ANSWER_SECONDS = 10.0


@dataclass
class Answers:
    """What came back.

    Attributes:
        milliseconds: Of each request, from the moment it was due.
        failures: Reason -> how often; anything but a whole 2xx answer.
        bodies: Answer -> how often.
    """

    milliseconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    bodies: Counter[bytes] = field(default_factory=Counter)

    def percentile(self, percent: int) -> float:
        """Milliseconds within which `percent` of the requests were answered."""
        return statistics.quantiles(self.milliseconds, n=100)[percent - 1]


async def send(
    url: str, headers: Mapping[str, str], *, rate: float, seconds: float, answers: Answers
) -> None:
    """Send `rate` requests a second for so many seconds, each on time even when others hang."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session,
        asyncio.TaskGroup() as group,
    ):
        started = time.monotonic()
        for number in range(int(rate * seconds)):
            due = started + number / rate
            await asyncio.sleep(max(due - time.monotonic(), 0))
            group.create_task(_ask(session, url, due, answers))


async def _ask(session: aiohttp.ClientSession, url: str, due: float, answers: Answers) -> None:
    try:
        async with session.get(url) as response:
            body = await response.read()
            if response.status // 100 == 2:
                answers.bodies[body] += 1
            else:
                answers.failures[f"HTTP {response.status}"] += 1
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        answers.failures[type(error).__name__] += 1
    answers.milliseconds.append((time.monotonic() - due) * 1000)
