"""Hints to a person's pages that an object changed.

1. A hint names an object and says nothing of it: the page asks again for what it shows. A hint
   that is lost, or comes twice, does no harm.
2. Every watch runs with the rights of the person who gets the hints. All pages of one person share
   one set of watches, which ends a while after the last page went.
3. An instance that is silent is tried again; when it comes back, `resync` tells the pages to ask
   for everything. So does a queue that overflowed.
4. What a person may not watch is left out: `unwatched` tells the pages to ask now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog

from idp.apps.hub.instances import Instances
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.environments.kinds import IDPInstance
from idp.capabilities.promotion.kinds import Approval, PipelineStep, Promotion, Release
from idp.kernel.access import Principal
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import ARGO_APPLICATION

log = structlog.get_logger(__name__)

KINDS: tuple[ResourceType, ...] = (
    WebApplication.type(),
    Promotion.type(),
    PipelineStep.type(),
    Approval.type(),
    Release.type(),
    IDPInstance.type(),
    ARGO_APPLICATION,
)
QUEUE = 500
LINGER_SECONDS = 10.0
RETRY_SECONDS = 2.0

Hint = dict[str, str]
"""`type` (`changed`, `resync`, `unwatched`) and, as far as they are known, `environment`, `kind`,
`namespace`, `name`."""


@dataclass
class _Person:
    """The pages of one person, and the watches behind them."""

    queues: set[asyncio.Queue[Hint]] = field(default_factory=set)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    ending: asyncio.TimerHandle | None = None


class Feed:
    """Gives out hints."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._people: dict[Principal, _Person] = {}
        self._closed = asyncio.Event()

    @property
    def watched(self) -> int:
        """How many watches run."""
        return sum(len(person.tasks) for person in self._people.values())

    @property
    def closed(self) -> asyncio.Event:
        """Set when the hub stops."""
        return self._closed

    @contextlib.asynccontextmanager
    async def subscribe(self, principal: Principal) -> AsyncIterator[asyncio.Queue[Hint]]:
        """The hints to one page, from now on."""
        person = self._people.setdefault(principal, _Person())
        if person.ending is not None:
            person.ending.cancel()
            person.ending = None
        queue: asyncio.Queue[Hint] = asyncio.Queue(QUEUE)
        person.queues.add(queue)
        if not person.tasks:
            person.tasks = [
                asyncio.create_task(self._watch(principal, person, environment, type_))
                for environment in self._instances.environments
                for type_ in KINDS
            ]
        try:
            yield queue
        finally:
            person.queues.discard(queue)
            if not person.queues:
                loop = asyncio.get_running_loop()
                person.ending = loop.call_later(LINGER_SECONDS, self._end, principal)

    def close(self) -> None:
        """End all watches: the hub stops."""
        self._closed.set()
        for principal in list(self._people):
            self._end(principal)

    def _end(self, principal: Principal) -> None:
        person = self._people.pop(principal, None)
        if person is None:
            return
        if person.ending is not None:
            person.ending.cancel()
        for task in person.tasks:
            task.cancel()

    async def _watch(
        self, principal: Principal, person: _Person, environment: str, type_: ResourceType
    ) -> None:
        silent = False
        while True:
            try:
                client = self._instances.client(environment, principal)
                listed = await client.list(type_)
                if silent:
                    _tell(person, {"type": "resync", "environment": environment})
                silent = False
                async for change in client.watch(type_, resource_version=listed.resource_version):
                    _tell(person, hint(environment, type_, change.object))
            except IdpError as error:
                if error.status == 403:
                    _tell(person, {"type": "unwatched", "environment": environment})
                    return
                silent = True
                log.debug("watch ended", environment=environment, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)


def hint(environment: str, type_: ResourceType, manifest: Manifest) -> Hint:
    """What is told of a change. Pure."""
    meta = manifest["metadata"]
    return {
        "type": "changed",
        "environment": environment,
        "kind": type_.kind,
        "namespace": str(meta.get("namespace") or ""),
        "name": str(meta["name"]),
    }


def _tell(person: _Person, hint: Hint) -> None:
    for queue in person.queues:
        if queue.full():
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait({"type": "resync"})
        queue.put_nowait(hint)
