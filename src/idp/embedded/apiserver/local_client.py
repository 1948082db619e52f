"""`Client` inside the server's process: no HTTP, the same access control and the same audit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rules import Attributes
from idp.embedded.apiserver.api import Api, presented
from idp.embedded.apiserver.questions import Questions
from idp.embedded.apiserver.types.registry import Registry
from idp.embedded.apiserver.types.versions import from_stored
from idp.embedded.apiserver.verbs.delete import DeleteOptions
from idp.embedded.apiserver.verbs.read import Selection, WatchOptions
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.client import Client, ObjectList, PatchType, Propagation, WatchEvent
from idp.kernel.errors import InvalidInput, Unavailable
from idp.kernel.resource import Manifest, ResourceType

_FOREVER = float("inf")


class LocalClient(Client):
    """Acts as one user on the API of this process."""

    def __init__(
        self,
        api: Api,
        registry: Registry,
        questions: Questions,
        user: UserInfo,
        manager: str = "idp",
    ) -> None:
        self._api = api
        self._registry = registry
        self._questions = questions
        self._user = user
        self._manager = manager

    def impersonating(self, user: str, groups: Sequence[str] = ()) -> LocalClient:
        """Act as somebody else; takes the right to impersonate them, checked here."""
        for attributes in (
            Attributes("impersonate", "", "users", name=user),
            *(Attributes("impersonate", "", "groups", name=group) for group in groups),
        ):
            self._api.check(self._user, attributes)
        other = UserInfo(user, groups=tuple(groups), impersonator=self._user).authenticated()
        return LocalClient(self._api, self._registry, self._questions, other, self._manager)

    def _request(
        self, type: ResourceType, namespace: str | None, name: str = "", subresource: str = ""
    ) -> Request:
        served = self._registry.require(type.group, type.version, type.plural)
        scope = ""
        if served.type.namespaced:
            scope = namespace or ("default" if name else "")
        return Request(
            self._user,
            served,
            scope,
            name,
            subresource,
            manager=self._manager,
            field_validation="Ignore",
        )

    async def get(self, type: ResourceType, name: str, namespace: str | None = None) -> Manifest:
        """Read one object."""
        request = self._request(type, namespace, name)
        return presented(self._api.get(request), request)

    async def list(
        self,
        type: ResourceType,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> ObjectList:
        """Read all matching objects."""
        request = self._request(type, namespace)
        page = self._api.page(request, Selection(label_selector, field_selector))
        items = [from_stored(record.manifest(), request.served) for record in page.records]
        return ObjectList(items, str(page.version))

    async def watch(
        self,
        type: ResourceType,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Follow changes. Raises `Unavailable` when the server stops."""
        request = self._request(type, namespace)
        options = WatchOptions(version=int(resource_version), seconds=_FOREVER)
        selection = Selection(label_selector)
        async for seen in self._api.watch(request, selection, options):
            if seen.record is not None and seen.type != "BOOKMARK":
                manifest = from_stored(seen.record.manifest(), request.served)
                yield WatchEvent(seen.type, manifest)
        raise Unavailable("the API server has stopped")

    async def create(self, type: ResourceType, manifest: Manifest) -> Manifest:
        """Create an object, or ask a review."""
        namespace = manifest.get("metadata", {}).get("namespace")
        if self._questions.knows(type.group, type.version):
            return await self._questions.answer(
                type.group, type.version, type.plural, namespace or "", manifest, self._user
            )
        request = self._request(type, namespace or "default")
        return presented(await self._api.create(request, _typed(type, manifest)), request)

    async def apply(
        self,
        type: ResourceType,
        manifest: Manifest,
        *,
        field_manager: str,
        force: bool = True,
        dry_run: bool = False,
    ) -> Manifest:
        """Server-side apply."""
        metadata = manifest["metadata"]
        request = self._request(type, metadata.get("namespace"), metadata["name"])
        request.manager, request.force, request.dry_run = field_manager, force, dry_run
        record, _ = await self._api.apply(request, _typed(type, manifest))
        return presented(record, request)

    async def update(
        self, type: ResourceType, manifest: Manifest, *, subresource: str | None = None
    ) -> Manifest:
        """Replace an object or a subresource of it."""
        metadata = manifest["metadata"]
        request = self._request(
            type, metadata.get("namespace"), metadata["name"], subresource or ""
        )
        body = _copied(manifest) if subresource == "scale" else _typed(type, manifest)
        return presented(await self._api.update(request, body), request)

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
        """Patch an object or a subresource of it."""
        request = self._request(type, namespace, name, subresource or "")
        return presented(await self._api.patch(request, _copied(patch), patch_type), request)

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
        """Ask for deletion."""
        request = self._request(type, namespace, name)
        await self._api.delete(request, DeleteOptions(propagation, grace_seconds, uid=uid))


def _typed(type: ResourceType, manifest: Manifest) -> Manifest:
    copy: Manifest = _copied(manifest)
    return {**copy, "apiVersion": type.api_version, "kind": type.kind}


def _copied(value: Any) -> Any:
    """A private copy, of JSON values only, as if it had come over the wire."""
    try:
        return orjson.loads(orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME))
    except TypeError as error:
        raise InvalidInput(f"the object holds something that JSON cannot: {error}") from error
