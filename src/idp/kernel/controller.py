"""Level-triggered controllers.

The idea on one screen. A controller owns one queue of *keys* (`Request`: namespace and name). One
watch per kind it depends on turns every change into keys; a key that is queued already is not
queued twice, and a key that is being worked on is queued again only after the work ends. So work
on one key never overlaps, and what a worker sees is always the latest state, never the event. The
reconciler is given only the key: it reads the state, decides, acts, and says when it wants to be
called again. An exception is retried with exponential backoff, per key, up to a cap. Every watch
starts with a list, and a list is made anew after a gap (410) and every `resync` seconds, so a lost
event costs time, never correctness.

Not solved here: fairness between kinds, leader election (on a cluster the operator takes a Lease).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge, Histogram

from idp.kernel.client import Client
from idp.kernel.errors import Conflict, Gone, IdpError
from idp.kernel.resource import Manifest, ResourceType

log = structlog.get_logger(__name__)

_WATCH_RETRY, _WATCH_RETRY_CAP = 0.1, 10.0

RECONCILIATIONS = Counter(
    "idp_reconciliations_total", "Reconciliations by outcome.", ["controller", "outcome"]
)
RECONCILE_SECONDS = Histogram(
    "idp_reconcile_seconds", "Time of one reconciliation.", ["controller"]
)
QUEUE_DEPTH = Gauge("idp_queue_depth", "Keys that wait for a worker.", ["controller"])


@dataclass(frozen=True, slots=True)
class Request:
    """What to reconcile: only a name. `namespace` is empty for cluster-scoped kinds."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a reconciliation asks for.

    Attributes:
        requeue_after: Seconds until it wants to be called again; None waits for the next change.
    """

    requeue_after: float | None = None


Reconcile = Callable[[Request], Awaitable[Result]]
MapToRequests = Callable[[Manifest], Iterable[Request]]


def request_for(manifest: Manifest) -> list[Request]:
    """The key of the object itself."""
    meta = manifest["metadata"]
    return [Request(meta.get("namespace", ""), meta["name"])]


def owner_of(kind: str) -> MapToRequests:
    """Map an object to the key of its owner of `kind`."""

    def map_to_owner(manifest: Manifest) -> list[Request]:
        meta = manifest["metadata"]
        return [
            Request(meta.get("namespace", ""), owner["name"])
            for owner in meta.get("ownerReferences", [])
            if owner["kind"] == kind
        ]

    return map_to_owner


@dataclass(frozen=True, slots=True)
class Watch:
    """A kind that a controller depends on, and which keys a change of it concerns."""

    type: ResourceType
    to_requests: MapToRequests = request_for
    namespace: str | None = None
    label_selector: str | None = None


class Runnable(Protocol):
    """Something that runs until it is cancelled."""

    async def run(self) -> None:
        """Run until cancelled; clean up in `finally`."""
        ...


@dataclass
class Backoff:
    """Exponential backoff per key, in seconds."""

    base: float = 0.05
    cap: float = 30.0
    failures: dict[Request, int] = field(default_factory=dict)

    def next_delay(self, request: Request) -> float:
        """Count a failure of `request` and give the time to wait."""
        count = self.failures.get(request, 0)
        self.failures[request] = count + 1
        return min(self.base * 2.0 ** min(count, 32), self.cap)

    def forget(self, request: Request) -> None:
        """Count from the start again."""
        self.failures.pop(request, None)


class WorkQueue:
    """Deduplicated keys, each worked on by one worker at a time."""

    def __init__(self) -> None:
        self._ready: asyncio.Queue[Request] = asyncio.Queue()
        self._queued: set[Request] = set()
        self._active: set[Request] = set()
        self._again: set[Request] = set()
        self._due: dict[Request, tuple[float, asyncio.TimerHandle]] = {}

    def __len__(self) -> int:
        return len(self._queued)

    def add(self, request: Request) -> None:
        """Queue a key now, unless it is queued already."""
        if request in self._active:
            self._again.add(request)
        elif request not in self._queued:
            self._queued.add(request)
            self._ready.put_nowait(request)

    def add_after(self, request: Request, seconds: float) -> None:
        """Queue a key later; an earlier appointment of the same key wins."""
        when = time.monotonic() + seconds
        if (known := self._due.get(request)) is not None:
            if known[0] <= when:
                return
            known[1].cancel()
        handle = asyncio.get_running_loop().call_later(seconds, self._fire, request)
        self._due[request] = (when, handle)

    def _fire(self, request: Request) -> None:
        self._due.pop(request, None)
        self.add(request)

    async def take(self) -> Request:
        """Wait for a key; it stays taken until `done`."""
        request = await self._ready.get()
        self._queued.discard(request)
        self._active.add(request)
        return request

    def done(self, request: Request) -> None:
        """Give a key back; it is queued again if it changed meanwhile."""
        self._active.discard(request)
        if request in self._again:
            self._again.discard(request)
            self.add(request)

    def close(self) -> None:
        """Cancel all appointments."""
        for _, handle in self._due.values():
            handle.cancel()
        self._due.clear()


class Controller:
    """Runs one reconciler over the keys that its watches produce.

    Args:
        name: For logs and metrics.
        client: Used for the watches.
        reconcile: Called with a key; idempotent.
        watches: What to follow; the first is usually the controller's own kind.
        workers: Keys worked on at the same time.
        resync: Seconds between full lists; a guard against lost events.
    """

    def __init__(
        self,
        name: str,
        client: Client,
        reconcile: Reconcile,
        watches: Sequence[Watch],
        *,
        workers: int = 4,
        resync: float = 300.0,
    ) -> None:
        self.name = name
        self.queue = WorkQueue()
        self._client = client
        self._reconcile = reconcile
        self._watches = watches
        self._workers = workers
        self._resync = resync
        self._backoff = Backoff()

    async def run(self) -> None:
        """Run until cancelled. Work in progress is cancelled too: reconciling is idempotent."""
        try:
            async with asyncio.TaskGroup() as group:
                for watch in self._watches:
                    group.create_task(self._follow(watch), name=f"{self.name}/{watch.type.plural}")
                for number in range(self._workers):
                    group.create_task(self._work(), name=f"{self.name}/worker-{number}")
        finally:
            self.queue.close()

    async def _follow(self, watch: Watch) -> None:
        """Keep one watch up, whatever happens to it: the other watches and the work go on."""
        delay = _WATCH_RETRY
        while True:
            started = time.monotonic()
            try:
                async with asyncio.timeout(self._resync) as resync:
                    await self._list_and_watch(watch)
            except Gone:
                pass
            except Exception as error:
                if isinstance(error, TimeoutError) and resync.expired():
                    delay = _WATCH_RETRY
                    continue
                log.warning(
                    "watch failed; listing again",
                    controller=self.name,
                    kind=watch.type.kind,
                    error=f"{type(error).__name__}: {error}",
                    retry_in=delay,
                    exc_info=not isinstance(error, IdpError),
                )
            if time.monotonic() - started > _WATCH_RETRY_CAP:
                delay = _WATCH_RETRY  # it was up meanwhile
            await asyncio.sleep(delay)
            delay = min(delay * 2, _WATCH_RETRY_CAP)

    async def _list_and_watch(self, watch: Watch) -> None:
        listed = await self._client.list(
            watch.type, watch.namespace, label_selector=watch.label_selector
        )
        for manifest in listed.items:
            self._enqueue(watch, manifest)
        async for event in self._client.watch(
            watch.type,
            watch.namespace,
            resource_version=listed.resource_version,
            label_selector=watch.label_selector,
        ):
            self._enqueue(watch, event.object)

    def _enqueue(self, watch: Watch, manifest: Manifest) -> None:
        try:
            requests = list(watch.to_requests(manifest))
        except Exception:  # one odd object must not keep all others from being seen
            log.exception("object not mapped", controller=self.name, kind=watch.type.kind)
            return
        for request in requests:
            self.queue.add(request)
        QUEUE_DEPTH.labels(self.name).set(len(self.queue))

    async def _work(self) -> None:
        while True:
            request = await self.queue.take()
            QUEUE_DEPTH.labels(self.name).set(len(self.queue))
            try:
                await self._reconcile_once(request)
            finally:
                self.queue.done(request)

    async def _reconcile_once(self, request: Request) -> None:
        started = time.perf_counter()
        try:
            result = await self._reconcile(request)
        except Exception as error:  # a reconciler's bug must not stop the other keys
            delay = self._backoff.next_delay(request)
            outcome = "conflict" if isinstance(error, Conflict) else "error"
            RECONCILIATIONS.labels(self.name, outcome).inc()
            if not isinstance(error, Conflict):
                log.warning(
                    "reconcile failed; trying again",
                    controller=self.name,
                    namespace=request.namespace,
                    object=request.name,
                    error=f"{type(error).__name__}: {error}",
                    retry_in=delay,
                    exc_info=not isinstance(error, IdpError),
                )
            self.queue.add_after(request, delay)
            return
        finally:
            RECONCILE_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        self._backoff.forget(request)
        RECONCILIATIONS.labels(self.name, "success").inc()
        if result.requeue_after is not None:
            self.queue.add_after(request, result.requeue_after)
