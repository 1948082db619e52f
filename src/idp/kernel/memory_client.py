"""An in-memory `Client`: the Kubernetes verbs over a dictionary, for tests of controllers.

It keeps the rules that reconcilers rely on (optimistic concurrency, generation, finalizers, owner
references, watches without gaps) and leaves out what they must not rely on: schemas, defaulting,
access control. Server-side apply is a merge in which the applied fields of a manager replace its
former ones. The embedded API server is the exact implementation.
"""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from idp.kernel.client import Client, ObjectList, PatchType, Propagation, WatchEvent
from idp.kernel.errors import AlreadyExists, Conflict, Gone, InvalidInput, NotFound
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.selectors import matches_fields, matches_labels

Key = tuple[str, str, str, str]
"""Group, plural, namespace, name."""


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386): objects merge, null deletes, everything else replaces."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _without(target: Any, former: Any, wanted: Any) -> Any:
    """Remove from `target` the fields that were in `former` and are not in `wanted`."""
    if not (isinstance(target, dict) and isinstance(former, dict)):
        return target
    wanted = wanted if isinstance(wanted, dict) else {}
    result = dict(target)
    for key, value in former.items():
        if key not in wanted and not isinstance(value, dict):
            result.pop(key, None)
        elif key in result:
            result[key] = _without(result[key], value, wanted.get(key))
            if key not in wanted and result[key] == {}:
                del result[key]
    return result


class MemoryClient(Client):
    """All objects of one imaginary API server; share one instance among the parties of a test."""

    def __init__(self) -> None:
        self._objects: dict[Key, Manifest] = {}
        self._types: dict[tuple[str, str], ResourceType] = {}
        self._log: list[tuple[int, ResourceType, WatchEvent]] = []
        self._changed = asyncio.Condition()
        self._applied: dict[tuple[Key, str], Manifest] = {}
        self.user = "test"
        self.groups: tuple[str, ...] = ()

    def impersonating(self, user: str, groups: Sequence[str] = ()) -> Client:
        """Share the objects; only the recorded user differs (there is no access control here)."""
        other = copy.copy(self)
        other.user, other.groups = user, tuple(groups)
        return other

    @property
    def _version(self) -> int:
        return len(self._log)

    def _key(self, type: ResourceType, namespace: str | None, name: str) -> Key:
        self._types[(type.group, type.plural)] = type
        return (type.group, type.plural, (namespace or "default") if type.namespaced else "", name)

    def _stored(self, key: Key) -> Manifest:
        try:
            return self._objects[key]
        except KeyError:
            raise NotFound(f'{key[1]} "{key[3]}" not found') from None

    async def _commit(
        self,
        type: ResourceType,
        key: Key,
        event: Literal["ADDED", "MODIFIED", "DELETED"],
        m: Manifest,
    ) -> Manifest:
        version = self._version + 1
        m["metadata"]["resourceVersion"] = str(version)
        if event == "DELETED":
            self._objects.pop(key, None)
        else:
            self._objects[key] = m
        self._log.append((version, type, WatchEvent(event, copy.deepcopy(m))))
        async with self._changed:
            self._changed.notify_all()
        if event == "DELETED":
            await self._collect_dependents(m["metadata"]["uid"])
        return copy.deepcopy(m)

    async def _collect_dependents(self, uid: str) -> None:
        for key, manifest in list(self._objects.items()):
            owners = manifest["metadata"].get("ownerReferences", [])
            if any(owner["uid"] == uid for owner in owners) and key in self._objects:
                await self.delete(self._types[key[:2]], key[3], key[2] or None)

    async def get(self, type: ResourceType, name: str, namespace: str | None = None) -> Manifest:
        """Read one object."""
        return copy.deepcopy(self._stored(self._key(type, namespace, name)))

    async def list(
        self,
        type: ResourceType,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> ObjectList:
        """Read all matching objects, ordered by namespace and name."""
        items = [
            copy.deepcopy(manifest)
            for key, manifest in sorted(self._objects.items())
            if key[:2] == (type.group, type.plural)
            and namespace in (None, key[2])
            and matches_labels(label_selector, manifest["metadata"].get("labels", {}))
            and matches_fields(field_selector, manifest)
        ]
        return ObjectList(items, str(self._version))

    async def watch(
        self,
        type: ResourceType,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Follow changes after `resource_version`."""
        seen = int(resource_version)
        if seen > self._version:
            raise Gone("resource version is from another server")
        position = 0
        while True:
            while position < len(self._log):
                version, logged, event = self._log[position]
                position += 1
                meta = event.object["metadata"]
                if (
                    version > seen
                    and (logged.group, logged.plural) == (type.group, type.plural)
                    and namespace in (None, meta.get("namespace"))
                    and matches_labels(label_selector, meta.get("labels", {}))
                ):
                    yield WatchEvent(event.type, copy.deepcopy(event.object))
            async with self._changed:
                while position == len(self._log):
                    await self._changed.wait()

    async def create(self, type: ResourceType, manifest: Manifest) -> Manifest:
        """Create an object."""
        m = copy.deepcopy(manifest)
        meta = m.setdefault("metadata", {})
        if not meta.get("name"):
            if not meta.get("generateName"):
                raise InvalidInput("metadata.name or metadata.generateName is required")
            meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
        key = self._key(type, meta.get("namespace"), meta["name"])
        if key in self._objects:
            raise AlreadyExists(f'{type.plural} "{meta["name"]}" already exists')
        if type.namespaced:
            meta["namespace"] = key[2]
        meta["uid"] = str(uuid.uuid4())
        meta["generation"] = 1
        meta["creationTimestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        m |= {"apiVersion": type.api_version, "kind": type.kind}
        return await self._commit(type, key, "ADDED", m)

    async def apply(
        self,
        type: ResourceType,
        manifest: Manifest,
        *,
        field_manager: str,
        force: bool = True,
        dry_run: bool = False,
    ) -> Manifest:
        """State the fields that `field_manager` wants; fields it no longer states go away."""
        meta = manifest["metadata"]
        key = self._key(type, meta.get("namespace"), meta["name"])
        former = self._applied.get((key, field_manager), {})
        live = self._objects.get(key)
        merged = merge(_without(copy.deepcopy(live or {}), former, manifest), manifest)
        if dry_run:
            return copy.deepcopy(merged)
        self._applied[(key, field_manager)] = copy.deepcopy(manifest)
        if live is None:
            return await self.create(type, merged)
        return await self._store_change(type, key, merged)

    async def update(
        self, type: ResourceType, manifest: Manifest, *, subresource: str | None = None
    ) -> Manifest:
        """Replace an object or one of its subresources."""
        meta = manifest["metadata"]
        key = self._key(type, meta.get("namespace"), meta["name"])
        live = self._stored(key)
        if (
            meta.get("resourceVersion", live["metadata"]["resourceVersion"])
            != (live["metadata"]["resourceVersion"])
        ):
            raise Conflict(f'{type.plural} "{meta["name"]}": the object has been modified')
        if subresource == "status":
            changed = {**copy.deepcopy(live), "status": copy.deepcopy(manifest.get("status"))}
        else:
            changed = copy.deepcopy(manifest)
            if "status" in live:
                changed["status"] = copy.deepcopy(live["status"])
            for field in ("uid", "creationTimestamp", "generation", "deletionTimestamp"):
                if field in live["metadata"]:
                    changed["metadata"][field] = live["metadata"][field]
        return await self._store_change(type, key, changed)

    async def patch(
        self,
        type: ResourceType,
        name: str,
        patch: Manifest | Sequence[Manifest],
        namespace: str | None = None,
        *,
        patch_type: PatchType = "merge",
        subresource: str | None = None,
    ) -> Manifest:
        """Merge-patch an object; the other patch types need the real machinery."""
        if patch_type != "merge" or not isinstance(patch, dict):
            raise InvalidInput(f"the in-memory client does not do {patch_type} patches")
        key = self._key(type, namespace, name)
        live = self._stored(key)
        wanted = (patch.get("metadata") or {}).get("resourceVersion")
        if wanted not in (None, live["metadata"]["resourceVersion"]):
            raise Conflict(f'{type.plural} "{name}": the object has been modified')
        return await self._store_change(type, key, merge(copy.deepcopy(live), patch))

    async def _store_change(self, type: ResourceType, key: Key, changed: Manifest) -> Manifest:
        live = self._objects[key]
        changed["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        if changed == live:
            return copy.deepcopy(live)
        if changed.get("spec") != live.get("spec"):
            changed["metadata"]["generation"] = live["metadata"].get("generation", 1) + 1
        deleting = "deletionTimestamp" in changed["metadata"]
        if deleting and not changed["metadata"].get("finalizers"):
            return await self._commit(type, key, "DELETED", changed)
        return await self._commit(type, key, "MODIFIED", changed)

    async def delete(
        self,
        type: ResourceType,
        name: str,
        namespace: str | None = None,
        *,
        propagation: Propagation = "Background",
        uid: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        """Delete, or mark for deletion while finalizers remain. Here no pod is bound to a node."""
        key = self._key(type, namespace, name)
        live = copy.deepcopy(self._stored(key))
        if uid not in (None, live["metadata"]["uid"]):
            raise Conflict(f'{type.plural} "{name}": the uid does not match')
        if live["metadata"].get("finalizers"):
            live["metadata"].setdefault(
                "deletionTimestamp", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            )
            await self._store_change(type, key, live)
        else:
            await self._commit(type, key, "DELETED", live)
