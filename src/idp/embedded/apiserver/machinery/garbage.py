"""Owner-reference garbage collection.

An object whose owners are all gone is deleted. An owner that is deleted in the foreground waits
for the dependents that block it; one that orphans lets them go first. Everything is decided from
the present state, so a restart at any point continues where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from idp.embedded.apiserver.machinery.system import System
from idp.embedded.apiserver.machinery.worker import Worker
from idp.embedded.apiserver.storage.history import Change
from idp.embedded.apiserver.storage.record import Key, Record
from idp.embedded.apiserver.verbs.delete import FOREGROUND, ORPHAN
from idp.kernel.resource import Manifest


@dataclass
class Owners:
    """The owners that an object names, by what became of them."""

    present: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


class GarbageCollector:
    """Follows ownership."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._store = system.store
        self.worker = Worker("garbage", self._collect)

    def begin(self) -> None:
        """Look at everything once: a crash may have interrupted a cascade."""
        for resource in self._store.resources():
            for record in self._store.scan(resource):
                if record.owners or b'"deletionTimestamp"' in record.raw:
                    self.worker.add(record.key)

    def noticed(self, change: Change) -> None:
        """Look at what a change concerns."""
        record = change.record
        if change.type == "DELETED":
            for key in self._store.dependents(record.uid):
                self.worker.add(key)
            for uid in record.owners:
                if (owner := self._store.by_uid(uid)) is not None:
                    self.worker.add(owner)
        elif record.owners or b'"deletionTimestamp"' in record.raw:
            self.worker.add(record.key)

    async def _collect(self, key: Key) -> None:
        record = self._store.get(key)
        if record is None:
            return
        metadata = record.manifest()["metadata"]
        finalizers = metadata.get("finalizers") or []
        if "deletionTimestamp" in metadata:
            if ORPHAN in finalizers:
                await self._orphan(record)
            elif FOREGROUND in finalizers:
                await self._delete_dependents(record)
        elif record.owners:
            await self._judge(record, metadata)

    async def _judge(self, record: Record, metadata: Manifest) -> None:
        owners = self._owners(metadata)
        if owners.present:
            if gone := [*owners.absent, *owners.waiting]:
                await self._system.change(record.key, lambda m: _disowned(m, gone))
        elif owners.waiting and self._store.dependents(record.uid):
            await self._system.delete(record.key, "Foreground", record.uid)
        elif owners.waiting or owners.absent:
            await self._system.delete(record.key, None, record.uid)

    def _owners(self, metadata: Manifest) -> Owners:
        owners = Owners()
        for reference in metadata.get("ownerReferences") or []:
            key = self._store.by_uid(reference["uid"])
            record = self._store.get(key) if key is not None else None
            if record is None or key is None:
                known = self._system.registry.by_kind(reference["apiVersion"], reference["kind"])
                # Of a kind that is not served here nobody can say that the owner is gone.
                (owners.absent if known else owners.present).append(reference["uid"])
                continue
            if key.namespace and key.namespace != metadata.get("namespace"):
                owners.absent.append(reference["uid"])
                continue
            found = record.manifest()["metadata"]
            foreground = "deletionTimestamp" in found and FOREGROUND in (
                found.get("finalizers") or []
            )
            (owners.waiting if foreground else owners.present).append(reference["uid"])
        return owners

    async def _orphan(self, owner: Record) -> None:
        for key in self._store.dependents(owner.uid):
            await self._system.change(key, lambda m: _disowned(m, [owner.uid]))
        await self._system.change(owner.key, lambda m: _released(m, ORPHAN))

    async def _delete_dependents(self, owner: Record) -> None:
        blocked = False
        for key in self._store.dependents(owner.uid):
            record = self._store.get(key)
            if record is None:
                continue
            self.worker.add(key)
            references = record.manifest()["metadata"].get("ownerReferences") or []
            blocked |= any(
                r["uid"] == owner.uid and r.get("blockOwnerDeletion") for r in references
            )
        if not blocked:
            await self._system.change(owner.key, lambda m: _released(m, FOREGROUND))


def _disowned(manifest: Manifest, uids: list[str]) -> Manifest:
    """The object without some of its owners."""
    metadata = manifest["metadata"]
    owners = [r for r in metadata.get("ownerReferences") or [] if r["uid"] not in uids]
    metadata["ownerReferences"] = owners
    if not owners:
        del metadata["ownerReferences"]
    return manifest


def _released(manifest: Manifest, finalizer: str) -> Manifest:
    """The object without a finalizer."""
    metadata = manifest["metadata"]
    metadata["finalizers"] = [f for f in metadata.get("finalizers") or [] if f != finalizer]
    if not metadata["finalizers"]:
        del metadata["finalizers"]
    return manifest
