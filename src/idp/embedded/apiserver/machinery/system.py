"""How the server's own parts change objects: as itself, past access control, within all rules."""

from __future__ import annotations

from idp.embedded.apiserver.access.identity import MASTERS_GROUP, UserInfo
from idp.embedded.apiserver.storage.record import Key, Record
from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.types.registry import Registry
from idp.embedded.apiserver.types.served import ServedType
from idp.embedded.apiserver.verbs.delete import DeleteOptions, Deleter
from idp.embedded.apiserver.verbs.request import Request
from idp.embedded.apiserver.verbs.write import Change, Writer
from idp.kernel.errors import AlreadyExists, NotFound
from idp.kernel.resource import Manifest

_USER = UserInfo("system:apiserver", groups=(MASTERS_GROUP,))


class System:
    """The server as a user of its own API."""

    def __init__(self, store: Store, registry: Registry, writer: Writer, deleter: Deleter) -> None:
        self.store = store
        self.registry = registry
        self._writer = writer
        self._deleter = deleter

    def _request(self, served: ServedType, key: Key, subresource: str = "") -> Request:
        return Request(
            _USER,
            served,
            key.namespace,
            key.name,
            subresource,
            manager="kube-apiserver",
            field_validation="Ignore",
        )

    def _served(self, resource: str) -> ServedType:
        served = self.registry.of_resource(resource)
        if served is None:
            raise NotFound(f"{resource} is not served")
        return served

    async def create_missing(self, manifest: Manifest) -> None:
        """Create an object unless it is there."""
        served = self.registry.by_kind(manifest["apiVersion"], manifest["kind"])
        assert served is not None
        metadata = manifest["metadata"]
        key = Key(served.resource, metadata.get("namespace", ""), metadata["name"])
        if self.store.get(key) is not None:
            return
        try:
            await self._writer.create(self._request(served, key), manifest)
        except AlreadyExists:
            return

    async def change(self, key: Key, change: Change, subresource: str = "") -> Record:
        """Change an object by a function of its state."""
        served = self._served(key.resource)
        return await self._writer.patch(self._request(served, key, subresource), change)

    async def delete(self, key: Key, propagation: str | None, uid: str | None = None) -> None:
        """Delete an object; it may be gone already."""
        request = self._request(self._served(key.resource), key)
        try:
            await self._deleter.delete(request, DeleteOptions(propagation, uid=uid))
        except NotFound:
            return
