"""Hints that a repository changed. They only make others look sooner; nothing depends on them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from idp.kernel.access import Service

REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """Something in a repository changed.

    Attributes:
        position: Grows with every change, also over restarts of the hub.
        service: Which server.
        repository: `namespace/name`.
    """

    position: int
    service: Service
    repository: str


class Changes:
    """The newest changes, in memory. After a restart everybody is told to look at everything."""

    def __init__(self) -> None:
        # The clock makes positions of a new process larger than those of the one before.
        self._position = time.time_ns() // 1000
        self._oldest = self._position
        self._changes: deque[Change] = deque(maxlen=REMEMBERED)
        self._condition = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def position(self) -> int:
        """Position of the newest change."""
        return self._position

    def add(self, service: Service, repository: str) -> None:
        """Note a change and wake up who waits."""
        self._position += 1
        self._changes.append(Change(self._position, service, repository))
        self._oldest = self._changes[0].position - 1
        self._wake()

    def close(self) -> None:
        """Let everybody go who waits: the hub stops."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        task = asyncio.ensure_future(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._condition:
            self._condition.notify_all()

    def since(self, after: int) -> list[Change] | None:
        """Changes behind a position; None when they are not known any more (or never were)."""
        if after < self._oldest or after > self._position:
            return None
        return [change for change in self._changes if change.position > after]

    async def wait(self, after: int, seconds: float) -> list[Change] | None:
        """Like `since`, but waits until there is something, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._condition:
                await self._condition.wait_for(lambda: self._closed or self.since(after) != [])
        except TimeoutError:
            pass
        return self.since(after)
