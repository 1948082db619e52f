"""A queue of objects to look at, and one task that looks: level-triggered, retried until done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from idp.embedded.apiserver.storage.record import Key
from idp.kernel.errors import Conflict, IdpError, NotFound

_FIRST_RETRY = 0.05
_LAST_RETRY = 30.0
_log = logging.getLogger(__name__)


class Worker:
    """Handles keys one at a time. A key that is added while it waits is handled once."""

    def __init__(self, name: str, handle: Callable[[Key], Awaitable[None]]) -> None:
        self._name = name
        self._handle = handle
        self._waiting: dict[Key, None] = {}
        self._failures: dict[Key, int] = {}
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._retries: set[asyncio.TimerHandle] = set()

    def add(self, key: Key) -> None:
        """Look at an object, soon."""
        self._waiting[key] = None
        self._arrived.set()

    def start(self) -> None:
        """Start working."""
        self._task = asyncio.create_task(self._run(), name=f"apiserver-{self._name}")

    async def stop(self) -> None:
        """Stop after the key at hand."""
        for retry in self._retries:
            retry.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            while self._waiting:
                key = next(iter(self._waiting))
                del self._waiting[key]
                await self._attempt(key)
            self._arrived.clear()

    async def _attempt(self, key: Key) -> None:
        try:
            await self._handle(key)
        except (NotFound, Conflict):
            self.add(key)  # it changed meanwhile: look again
            await asyncio.sleep(0)
        except IdpError as error:
            self._retry(key, error)
        else:
            self._failures.pop(key, None)

    def _retry(self, key: Key, error: IdpError) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(_LAST_RETRY, _FIRST_RETRY * 2**failures)
        _log.warning("%s: %s is tried again in %.1f s: %s", self._name, key, delay, error)

        def again() -> None:
            self._retries.discard(handle)
            self.add(key)

        handle = asyncio.get_running_loop().call_later(delay, again)
        self._retries.add(handle)
