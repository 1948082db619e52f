"""Handing push events on, at least once, in order within a repository."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from idp.embedded.git.events import PushEvent
from idp.embedded.git.push_log import PushLog

log = structlog.get_logger(__name__)

OnPush = Callable[[PushEvent], Awaitable[None]]

_FIRST_DELAY = 0.2
_LONGEST_DELAY = 30.0
_LOOK_AGAIN = 60.0


class Delivery:
    """Calls `on_push` for every event until it succeeds.

    One task for each repository with undelivered events: a receiver that fails for one
    repository holds up that one only.
    """

    def __init__(self, events: PushLog, on_push: OnPush) -> None:
        self._events = events
        self._on_push = on_push
        self._busy: set[str] = set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                newest = self._events.newest()
                for repository in set(self._events.undelivered()) - self._busy:
                    self._busy.add(repository)
                    group.create_task(self._deliver(repository), name=f"pushes of {repository}")
                await self._events.wait_after(newest, timeout=_LOOK_AGAIN)

    async def _deliver(self, repository: str) -> None:
        delay = _FIRST_DELAY
        # No await between seeing nothing left and leaving: a later event starts a new task.
        while (event := self._events.next_undelivered(repository)) is not None:
            try:
                await self._on_push(event)
            except Exception as error:  # whatever the receiver does, the event stays
                log.warning(
                    "push event not accepted; trying again",
                    event_id=event.id,
                    repository=repository,
                    error=f"{type(error).__name__}: {error}",
                    retry_in=delay,
                )
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)
            else:
                await self._events.delivered(event)
                delay = _FIRST_DELAY
        self._busy.discard(repository)
