"""Following every kind that applications have objects of, to notice drift and health."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from idp.embedded.gitops.objects import Key, key_of
from idp.kernel.client import Client
from idp.kernel.controller import Request
from idp.kernel.errors import Gone, IdpError
from idp.kernel.resource import Manifest, ResourceType

log = structlog.get_logger(__name__)

_LONGEST_PAUSE = 30.0


class LiveWatches:
    """One watch for each kind, started when the first application has objects of it.

    Args:
        notify: Called with an application whose object changed.
    """

    def __init__(self, client: Client, notify: Callable[[Request], None]) -> None:
        self._client = client
        self._notify = notify
        self._owners: dict[Key, Request] = {}
        self._wanted: asyncio.Queue[ResourceType] = asyncio.Queue()
        self._known: set[ResourceType] = set()

    def follow(self, request: Request, objects: Iterable[tuple[Key, ResourceType | None]]) -> None:
        """State which objects an application has now."""
        self.forget(request)
        for key, type in objects:
            self._owners[key] = request
            if type is not None and type not in self._known:
                self._known.add(type)
                self._wanted.put_nowait(type)

    def forget(self, request: Request) -> None:
        """The application has no objects (any more)."""
        self._owners = {key: owner for key, owner in self._owners.items() if owner != request}

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                type = await self._wanted.get()
                group.create_task(self._follow(type), name=f"gitops watch {type.plural}")

    async def _follow(self, type: ResourceType) -> None:
        pause = 0.1
        while True:
            try:
                listed = await self._client.list(type)
                for manifest in listed.items:
                    self._changed(type, manifest)
                pause = 0.1
                async for event in self._client.watch(
                    type, resource_version=listed.resource_version
                ):
                    self._changed(type, event.object)
            except Gone:
                continue
            except IdpError as error:
                log.warning("watch failed; listing again", kind=type.kind, error=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _changed(self, type: ResourceType, manifest: Manifest) -> None:
        if owner := self._owners.get(key_of(type, manifest)):
            self._notify(owner)
