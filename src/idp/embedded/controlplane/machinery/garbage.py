"""Garbage collection by owner references, as a client of the API.

1. Every kind that can be listed, watched and deleted is followed, metadata only. Kinds that come
   later are found when a CustomResourceDefinition changes.
2. An object whose owners are all gone is deleted; one of whose owners some are gone keeps the rest.
   That an owner is gone is believed only when the API says so itself.
3. An owner that is deleted in the foreground waits until its blocking dependents are gone; one that
   orphans frees them first.

Everything is derived from lists and watches, so a crash or a lost event costs time only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from idp.embedded.controlplane.machinery.discovery import discover
from idp.embedded.controlplane.machinery.graph import FOREGROUND, ORPHAN, Graph, Node, Owners
from idp.kernel.client import Propagation, WatchEvent, get_or_none
from idp.kernel.controller import Backoff, Request, Runnable, WorkQueue
from idp.kernel.errors import Conflict, Gone, IdpError, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CUSTOM_RESOURCE_DEFINITION

log = structlog.get_logger(__name__)

_NEEDED = {"list", "watch", "delete"}
_NEWS = {("", "events"), ("events.k8s.io", "events")}
"""Kinds that nobody owns and that own nothing: news, and many of them."""
_SETTLE_SECONDS = 1.0
_DISCOVERY_SECONDS = 60.0
_RETRY_SECONDS = 1.0


class GarbageCollector(Runnable):
    """Follows ownership.

    Args:
        client: With all rights.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client.metadata_only()
        self._graph = Graph()
        self._queue = WorkQueue()
        self._backoff = Backoff()
        self._following: dict[ResourceType, asyncio.Task[None]] = {}
        self._kinds_changed = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._work(), name="garbage/worker")
                await self._follow_kinds(group)
        finally:
            self._queue.close()
            self._following.clear()

    # What there is

    async def _follow_kinds(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._kinds_changed.clear()
            try:
                found = await discover(self._client)
            except IdpError as error:
                log.warning("discovery failed; trying again", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            types = {
                kind.type
                for kind in found
                if kind.verbs >= _NEEDED and (kind.type.group, kind.type.plural) not in _NEWS
            }
            for type_ in types - self._following.keys():
                task = group.create_task(self._follow(type_), name=f"garbage/{type_.plural}")
                self._following[type_] = task
            for type_ in self._following.keys() - types:
                self._following.pop(type_).cancel()
                self._keep_only(type_, set())
            try:
                async with asyncio.timeout(_DISCOVERY_SECONDS):
                    await self._kinds_changed.wait()
                # Discovery shows a new kind a moment after its definition.
                await asyncio.sleep(_SETTLE_SECONDS)
            except TimeoutError:
                pass

    async def _follow(self, type_: ResourceType) -> None:
        while True:
            try:
                listed = await self._client.list(type_)
                self._keep_only(type_, {item["metadata"]["uid"] for item in listed.items})
                for item in listed.items:
                    self._put(Node.of(type_, item))
                version = listed.resource_version
                async for event in self._client.watch(type_, resource_version=version):
                    self._notice(type_, event)
            except Gone:
                continue
            except IdpError as error:
                log.info("not followed; trying again", kind=type_.kind, error=str(error))
            await asyncio.sleep(_RETRY_SECONDS)

    def _notice(self, type_: ResourceType, event: WatchEvent) -> None:
        if type_ == CUSTOM_RESOURCE_DEFINITION:
            self._kinds_changed.set()
        if event.type == "DELETED":
            self._remove(event.object["metadata"]["uid"])
        else:
            self._put(Node.of(type_, event.object))

    def _put(self, node: Node) -> None:
        self._graph.put(node)
        if node.owners or node.deleting:
            self._look_at(node.uid)

    def _remove(self, uid: str) -> None:
        node = self._graph.remove(uid)
        for dependent in self._graph.dependents(uid):
            self._look_at(dependent.uid)
        for owner in node.owners if node is not None else ():
            self._look_at(owner["uid"])

    def _keep_only(self, type_: ResourceType, uids: set[str]) -> None:
        for node in self._graph.of_type(type_):
            if node.uid not in uids:
                self._remove(node.uid)

    def _look_at(self, uid: str) -> None:
        self._queue.add(Request("", uid))

    # What to do about it

    async def _work(self) -> None:
        while True:
            request = await self._queue.take()
            try:
                await self._collect(request.name)
                self._backoff.forget(request)
            except NotFound:
                pass  # its end is on the way here
            except IdpError as error:
                if not isinstance(error, Conflict):
                    log.warning("not collected; trying again", error=str(error))
                self._queue.add_after(request, self._backoff.next_delay(request))
            finally:
                self._queue.done(request)

    async def _collect(self, uid: str) -> None:
        node = self._graph.get(uid)
        if node is None:
            return
        if node.deleting and ORPHAN in node.finalizers:
            for dependent in self._graph.dependents(uid):
                await self._disown(dependent, [uid])
            await self._release(node, ORPHAN)
        elif node.waits_for_dependents:
            await self._delete_dependents(node)
        elif node.owners and not node.deleting:
            await self._judge(node)

    async def _judge(self, node: Node) -> None:
        owners = await self._owners(node)
        if owners.present:
            if gone := [*owners.absent, *owners.waiting]:
                await self._disown(node, gone)
        elif owners.waiting and self._graph.dependents(node.uid):
            await self._delete(node, "Foreground")
        elif owners.waiting or owners.absent:
            await self._delete(node, "Background")

    async def _owners(self, node: Node) -> Owners:
        owners = Owners()
        for reference in node.owners:
            uid = reference["uid"]
            owner = self._graph.get(uid)
            if owner is None:
                there = await self._is_there(reference, node.namespace)
                (owners.present if there else owners.absent).append(uid)
            elif owner.namespace not in ("", node.namespace):
                owners.absent.append(uid)
            else:
                (owners.waiting if owner.waits_for_dependents else owners.present).append(uid)
        return owners

    async def _is_there(self, reference: Manifest, namespace: str) -> bool:
        """Ask the API for an owner that no watch has shown. Of an unknown kind it may be there."""
        group = reference["apiVersion"].rpartition("/")[0]
        for type_ in self._following:
            if (type_.group, type_.kind) == (group, reference["kind"]):
                if type_.namespaced and not namespace:
                    return False
                within = namespace if type_.namespaced else None
                owner = await get_or_none(self._client, type_, reference["name"], within)
                return owner is not None and owner["metadata"]["uid"] == reference["uid"]
        return True

    async def _delete_dependents(self, owner: Node) -> None:
        blocked = False
        for dependent in self._graph.dependents(owner.uid):
            self._look_at(dependent.uid)
            blocked |= any(
                reference["uid"] == owner.uid and reference.get("blockOwnerDeletion")
                for reference in dependent.owners
            )
        if not blocked:
            await self._release(owner, FOREGROUND)

    async def _delete(self, node: Node, propagation: Propagation) -> None:
        namespace = node.namespace or None
        try:
            await self._client.delete(
                node.type, node.name, namespace, propagation=propagation, uid=node.uid
            )
        except Conflict:
            return  # it was deleted and made again: another uid

    async def _disown(self, node: Node, uids: Sequence[str]) -> None:
        left = [reference for reference in node.owners if reference["uid"] not in uids]
        await self._patch(node, {"ownerReferences": left or None})

    async def _release(self, node: Node, finalizer: str) -> None:
        left = [name for name in node.finalizers if name != finalizer]
        await self._patch(node, {"finalizers": left or None})

    async def _patch(self, node: Node, metadata: Manifest) -> None:
        """Change an object unless it is newer than what is known of it."""
        patch = {"metadata": {**metadata, "uid": node.uid, "resourceVersion": node.version}}
        await self._client.patch(node.type, node.name, patch, node.namespace or None)
