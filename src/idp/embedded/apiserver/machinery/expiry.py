"""Events are kept for an hour."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.storage.record import Record
from idp.kernel.clock import Clock, timestamp

_EVENTS = "/events"
_KEPT = timedelta(hours=1)
_INTERVAL = 60.0


class EventExpiry:
    """Deletes old events."""

    def __init__(self, system: System, clock: Clock) -> None:
        self._system = system
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start deleting."""
        self._task = asyncio.create_task(self._run(), name="apiserver-event-expiry")

    async def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self.expire()
            await asyncio.sleep(_INTERVAL)

    async def expire(self) -> None:
        """Delete the events that nothing has happened to for an hour."""
        limit = timestamp(self._clock() - _KEPT)
        for record in self._system.store.scan(_EVENTS):
            if _last_time(record) < limit:
                await self._system.delete(record.key, None, record.uid)


def _last_time(record: Record) -> str:
    """When an event last happened; timestamps in UTC compare as text."""
    event = record.manifest()
    series = event.get("series") or {}
    times = (
        event.get("lastTimestamp"),
        event.get("eventTime"),
        series.get("lastObservedTime"),
        event["metadata"].get("creationTimestamp"),
    )
    return max(str(text) for text in times if text)
