"""Recent changes of one resource, for watches to read at their own pace.

A watch holds no queue: it holds the position of the last change it has seen, and reads on from
there. However slow a client is, it costs one number. When what it has not read yet is trimmed
away, its watch ends with 410 and the client lists again.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from idp.embedded.apiserver.storage.record import Record
from idp.kernel.errors import Gone

EventType = Literal["ADDED", "MODIFIED", "DELETED"]

_EVENTS = 4096
_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Change:
    """One committed change.

    Attributes:
        version: The resource version it was given.
        record: The object after the change; for a deletion its last state, with the version of
            the deletion.
        previous: The object before; None when it was created.
    """

    version: int
    type: EventType
    record: Record
    previous: Record | None
    lines: dict[str, bytes] = field(default_factory=dict)
    """Encoded watch lines by API version: written once, sent to every watcher."""


class History:
    """The changes of one resource, bounded in number and bytes."""

    def __init__(self, since: int) -> None:
        self._since = since
        self._changes: deque[Change] = deque()
        self._bytes = 0
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def latest(self) -> int:
        """Version of the newest change."""
        return self._changes[-1].version if self._changes else self._since

    def append(self, change: Change) -> None:
        """Add a change and wake the watches."""
        self._changes.append(change)
        self._bytes += len(change.record.raw)
        while len(self._changes) > _EVENTS or (self._bytes > _BYTES and len(self._changes) > 1):
            oldest = self._changes.popleft()
            self._bytes -= len(oldest.record.raw)
            self._since = oldest.version
        self.wake()

    def wake(self) -> None:
        """Let every watch look again."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def after(self, version: int) -> list[Change]:
        """Changes later than a version, oldest first.

        Raises:
            Gone: Some of them are no longer kept.
        """
        if version < self._since:
            raise Gone(f"too old resource version: {version} ({self._since})")
        if not self._changes or self._changes[-1].version <= version:
            return []
        start = bisect_right(self._changes, version, key=lambda change: change.version)
        return [self._changes[i] for i in range(start, len(self._changes))]

    async def changed(self, timeout: float) -> bool:
        """Wait for the next change, at most `timeout` seconds; tells whether there was one."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait((future,), timeout=timeout)
        finally:
            self._waiting.discard(future)
        return future.done()
