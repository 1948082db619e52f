"""Hints to a person's pages that an object changed.

1. A hint names an object and says nothing of it: the page asks again for what it shows. A hint
   that is lost, or comes twice, does no harm.
2. One watch per instance and kind serves everybody; it runs as a member of `idp:viewers`, and ends
   a while after the last page went. Many readers cost the instances nothing.
3. A person gets a hint only if the instance says that this person may watch the kind in the
   object's namespace. The answer is kept for `REVIEW_SECONDS`; without one there is no hint.
4. An instance that is silent is tried again; when it comes back, `resync` tells the pages to ask
   for everything. So does a queue that overflowed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from idp.apps.hub.groups import VIEWERS
from idp.apps.hub.instances import Instances
from idp.apps.hub.views.rights import may
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

REVIEW_SECONDS = 30.0
WATCHER = Principal("idp-hub-feed", (VIEWERS,))

Hint = dict[str, str]
"""`type` (`changed`, `resync`) and, as far as they are known, `environment`, `kind`, `namespace`,
`name`."""

Review = Callable[[Principal, str, ResourceType, str], Awaitable[bool]]
"""Whether a person may watch a kind in a namespace of an environment."""


@dataclass
class _Person:
    """The pages of one person, and what is still to be asked before they hear of it."""

    queues: set[asyncio.Queue[Hint]] = field(default_factory=set)
    inbox: asyncio.Queue[tuple[ResourceType | None, Hint]] = field(
        default_factory=lambda: asyncio.Queue(QUEUE)
    )
    delivery: asyncio.Task[None] | None = None


class Feed:
    """Gives out hints.

    Args:
        instances: The connections.
        review: Asks an instance whether somebody may watch; asked of the instance by default.
    """

    def __init__(self, instances: Instances, review: Review | None = None) -> None:
        self._instances = instances
        self._review = review or self._ask
        self._people: dict[Principal, _Person] = {}
        self._watches: list[asyncio.Task[None]] = []
        self._ending: asyncio.TimerHandle | None = None
        self._known: dict[tuple[Principal, str, str, str], tuple[bool, float]] = {}
        self._closed = asyncio.Event()

    @property
    def watched(self) -> int:
        """How many watches run."""
        return len(self._watches)

    @property
    def closed(self) -> asyncio.Event:
        """Set when the hub stops."""
        return self._closed

    @contextlib.asynccontextmanager
    async def subscribe(self, principal: Principal) -> AsyncIterator[asyncio.Queue[Hint]]:
        """The hints to one page, from now on."""
        self._start()
        person = self._people.setdefault(principal, _Person())
        if person.delivery is None:
            person.delivery = asyncio.create_task(self._deliver(principal, person))
        queue: asyncio.Queue[Hint] = asyncio.Queue(QUEUE)
        person.queues.add(queue)
        try:
            yield queue
        finally:
            person.queues.discard(queue)
            if not person.queues and self._people.get(principal) is person:
                person.delivery.cancel()
                del self._people[principal]
            if not self._people and self._ending is None:
                loop = asyncio.get_running_loop()
                self._ending = loop.call_later(LINGER_SECONDS, self._end)

    def close(self) -> None:
        """End all watches: the hub stops."""
        self._closed.set()
        for person in self._people.values():
            if person.delivery is not None:
                person.delivery.cancel()
        self._end()

    def _start(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if not self._watches:
            self._watches = [
                asyncio.create_task(self._watch(environment, type_))
                for environment in self._instances.environments
                for type_ in KINDS
            ]

    def _end(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        for task in self._watches:
            task.cancel()
        self._watches = []
        self._known.clear()

    async def _watch(self, environment: str, type_: ResourceType) -> None:
        silent = False
        while True:
            try:
                client = self._instances.client(environment, WATCHER)
                listed = await client.list(type_)
                if silent:
                    self._hand(None, {"type": "resync", "environment": environment})
                silent = False
                async for change in client.watch(type_, resource_version=listed.resource_version):
                    self._hand(type_, hint(environment, type_, change.object))
            except IdpError as error:
                silent = True
                log.debug("watch ended", environment=environment, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _hand(self, type_: ResourceType | None, hint: Hint) -> None:
        """Hand a hint to everybody, to be delivered to who may see it."""
        for person in self._people.values():
            if person.inbox.full():
                while not person.inbox.empty():
                    person.inbox.get_nowait()
                person.inbox.put_nowait((None, {"type": "resync"}))
            person.inbox.put_nowait((type_, hint))

    async def _deliver(self, principal: Principal, person: _Person) -> None:
        """Tell a person's pages, in order, what this person may know."""
        while True:
            type_, hint = await person.inbox.get()
            if type_ is None or await self._may(
                principal, hint["environment"], type_, hint["namespace"]
            ):
                _tell(person, hint)

    async def _may(
        self, principal: Principal, environment: str, type_: ResourceType, namespace: str
    ) -> bool:
        key, now = (principal, environment, type_.plural, namespace), time.monotonic()
        known = self._known.get(key)
        if known is not None and known[1] > now:
            return known[0]
        try:
            allowed = await self._review(principal, environment, type_, namespace)
        except IdpError as error:
            log.debug("access review failed", environment=environment, error=str(error))
            return False
        self._known[key] = (allowed, now + REVIEW_SECONDS)
        return allowed

    async def _ask(
        self, principal: Principal, environment: str, type_: ResourceType, namespace: str
    ) -> bool:
        client = self._instances.client(environment, principal)
        return await may(client, "watch", namespace or None, resource=type_.plural)


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
