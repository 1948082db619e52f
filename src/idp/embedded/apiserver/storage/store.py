"""All objects: an index in memory over the database.

Reads see committed state only. A write is prepared while its object's lock is held, queued, and
becomes visible, acknowledged and fanned out to watches after its commit, in the order of resource
versions. A write that the database refuses changes nothing here.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from idp.embedded.apiserver.errors import ObjectTooLarge
from idp.embedded.apiserver.storage.database import Database, Row
from idp.embedded.apiserver.storage.history import Change, EventType, History
from idp.embedded.apiserver.storage.locks import KeyedLocks
from idp.embedded.apiserver.storage.record import Key, Record
from idp.kernel.errors import IdpError, Unavailable
from idp.kernel.resource import Manifest

_JUMP = 10_000
"""How far a start moves the resource version: further than writes can be lost unacknowledged."""

_LARGEST = 1536 * 1024
"""Bytes that an object may have, as in etcd. What works here must work on a cluster, too."""

Listener = Callable[[Change], None]


class Store:
    """Objects of every kind by their key. Belongs to one event loop."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, self._committed)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._objects: dict[str, dict[tuple[str, str], Record]] = defaultdict(dict)
        self._dependents: dict[str, set[Key]] = defaultdict(set)
        self._by_uid: dict[str, Key] = {}
        self._histories: dict[str, History] = {}
        self._locks = KeyedLocks()
        self._pending: dict[int, tuple[Record, bool, asyncio.Future[Record]]] = {}
        self._listeners: list[Listener] = []
        self._version = 0
        self._next = 0
        self._started = 0
        self._open = False

    @property
    def version(self) -> int:
        """Resource version of the newest committed change."""
        return self._version

    def start(self) -> None:
        """Load everything, and jump past all versions that the former process may have given out.

        Watches of the former process cannot be continued (their changes are not kept): they get
        410 and list again.
        """
        self._loop = asyncio.get_running_loop()
        highest = max(self._database.fact("started"), self._database.fact("deleted"))
        for row in self._database.load():
            highest = max(highest, row.version)
            key = Key(row.resource, row.namespace, row.name)
            self._index(Record.read(key, row.version, row.body or b""))
        self._version = self._next = highest + _JUMP if highest else 1
        self._started = self._version
        self._database.set_fact("started", self._version)
        self._database.start()
        self._open = True

    def drain(self) -> None:
        """Accept no more changes and end the watches; queued changes are still committed."""
        self._open = False
        for history in self._histories.values():
            history.wake()

    async def stop(self) -> None:
        """Commit what is queued and close the database."""
        self.drain()
        await asyncio.to_thread(self._database.stop)

    async def snapshot(self, path: Path) -> None:
        """Copy the database to a new file, as of one moment; writes go on meanwhile.

        Raises:
            Unavailable: The copy could not be written, or the server is shutting down.
        """
        if not self._open:
            raise Unavailable("the API server is shutting down")
        await asyncio.wrap_future(self._database.snapshot(path))

    @property
    def is_open(self) -> bool:
        """Whether changes are accepted; watches end when it turns false."""
        return self._open

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every committed change, in order, in the event loop."""
        self._listeners.append(listener)

    # Reading

    def get(self, key: Key) -> Record | None:
        """One object."""
        return self._objects[key.resource].get((key.namespace, key.name))

    def scan(self, resource: str, namespace: str | None = None) -> list[Record]:
        """All objects of a resource, ordered by namespace and name."""
        objects = self._objects[resource]
        if namespace is None:
            return [objects[place] for place in sorted(objects)]
        return [objects[place] for place in sorted(p for p in objects if p[0] == namespace)]

    def count(self, resource: str) -> int:
        """How many objects of a resource there are."""
        return len(self._objects[resource])

    def resources(self) -> list[str]:
        """Resources that have objects."""
        return [resource for resource, objects in self._objects.items() if objects]

    def dependents(self, uid: str) -> list[Key]:
        """Objects that name an owner of this uid."""
        return sorted(self._dependents.get(uid, ()))

    def by_uid(self, uid: str) -> Key | None:
        """Where the object of a uid is."""
        return self._by_uid.get(uid)

    def history(self, resource: str) -> History:
        """Recent changes of a resource."""
        if resource not in self._histories:
            self._histories[resource] = History(self._started)
        return self._histories[resource]

    # Writing

    @asynccontextmanager
    async def locked(self, key: Key) -> AsyncIterator[Record | None]:
        """Hold an object, which may not exist yet, against other writers; gives its state."""
        async with self._locks.hold(key):
            yield self.get(key)

    async def put(self, key: Key, manifest: Manifest) -> Record:
        """Store a manifest; returns when it is durable and visible. Hold the lock.

        Raises:
            ObjectTooLarge: It has more bytes than a cluster would store.
            Unavailable: The database refused it (a full disk).
        """
        return await self._write(key, manifest, deletes=False)

    async def remove(self, key: Key, manifest: Manifest) -> Record:
        """Remove an object, leaving `manifest` as the last state watches see. Hold the lock."""
        return await self._write(key, manifest, deletes=True)

    async def _write(self, key: Key, manifest: Manifest, *, deletes: bool) -> Record:
        if not self._open or self._loop is None:
            raise Unavailable("the API server is shutting down")
        self._next += 1
        version = self._next
        manifest["metadata"]["resourceVersion"] = str(version)
        record = Record.of(key, version, manifest)
        if not deletes and len(record.raw) > _LARGEST:
            raise ObjectTooLarge(
                "etcdserver: request is too large",
                remedy=f"An object has at most {_LARGEST} bytes, here as in etcd: this one would "
                f"have {len(record.raw)}. Split it, or keep the data elsewhere.",
            )
        future: asyncio.Future[Record] = self._loop.create_future()
        self._pending[version] = (record, deletes, future)
        grows = (not deletes) - (self.get(key) is not None)
        self._database.put(Row(*key, version, None if deletes else record.raw, grows))
        # A caller that goes away (a client that hangs up) must not free the lock before the
        # outcome is known: the next writer would start from the state before.
        waiting = asyncio.shield(future)
        try:
            return await waiting
        except asyncio.CancelledError:
            if not future.cancelled():
                await asyncio.wait((future,))
                if not future.cancelled():
                    future.exception()
            raise

    def _committed(self, rows: Sequence[Row], error: IdpError | None) -> None:
        assert self._loop is not None
        versions = [row.version for row in rows]
        self._loop.call_soon_threadsafe(self._publish, versions, error)

    def _publish(self, versions: Iterable[int], error: IdpError | None) -> None:
        for version in versions:
            record, deletes, future = self._pending.pop(version)
            if error is None:
                self._apply(record, deletes)
                if not future.done():
                    future.set_result(record)
            elif not future.done():
                future.set_exception(error)

    def _apply(self, record: Record, deletes: bool) -> None:
        key = record.key
        previous = self.get(key)
        if previous is not None:
            self._forget(previous)
        type_: EventType = "DELETED" if deletes else "MODIFIED" if previous else "ADDED"
        if not deletes:
            self._index(record)
        self._version = record.version
        change = Change(record.version, type_, record, previous)
        self.history(key.resource).append(change)
        for listener in self._listeners:
            listener(change)

    def _index(self, record: Record) -> None:
        key = record.key
        self._objects[key.resource][key.namespace, key.name] = record
        self._by_uid[record.uid] = key
        for uid in record.owners:
            self._dependents[uid].add(key)

    def _forget(self, record: Record) -> None:
        key = record.key
        self._objects[key.resource].pop((key.namespace, key.name), None)
        self._by_uid.pop(record.uid, None)
        for uid in record.owners:
            self._dependents[uid].discard(key)
            if not self._dependents[uid]:
                del self._dependents[uid]
