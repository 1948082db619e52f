"""The API in one place: every request is allowed or refused, done, and recorded here.

HTTP and the in-process client both come through `Api`; neither reaches the store by another way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.rbac import RbacAuthorizer
from idp.embedded.apiserver.access.rules import Attributes
from idp.embedded.apiserver.audit import Auditor, entry, refused_impersonation
from idp.embedded.apiserver.patching.json_patch import json_patch
from idp.embedded.apiserver.patching.merge import merge_patch
from idp.embedded.apiserver.patching.strategic import strategic_merge
from idp.embedded.apiserver.storage.record import Record
from idp.embedded.apiserver.types.versions import from_stored
from idp.embedded.apiserver.verbs.delete import DeleteOptions, Deleter
from idp.embedded.apiserver.verbs.read import (
    ListOptions,
    Page,
    Reader,
    Seen,
    Selection,
    WatchOptions,
)
from idp.embedded.apiserver.verbs.request import Request
from idp.embedded.apiserver.verbs.scale import check_scalable, scale_of, scaled
from idp.embedded.apiserver.verbs.write import Writer
from idp.kernel.errors import IdpError, InvalidInput, NotFound, UnsupportedMediaType
from idp.kernel.resource import Manifest

T = TypeVar("T")
_NEWEST = ListOptions()


class Api:
    """Access control, the verbs, and audit around them."""

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        deleter: Deleter,
        authorizer: RbacAuthorizer,
        auditor: Auditor | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._deleter = deleter
        self._authorizer = authorizer
        self._auditor = auditor

    # Reading

    def get(self, request: Request, version: int | None = None) -> Record:
        """Read one object."""
        self.allow(request, "get")
        return self._reader.get(request, version)

    def page(self, request: Request, selection: Selection, options: ListOptions = _NEWEST) -> Page:
        """Read one page of a list."""
        self.allow(request, "list", selection)
        return self._reader.page(request, selection, options)

    def watch(
        self, request: Request, selection: Selection, options: WatchOptions
    ) -> AsyncIterator[Seen]:
        """Follow changes."""
        self.allow(request, "watch", selection)
        selection.check(request)
        return self._reader.watch(request, selection, options)

    def get_scale(self, request: Request) -> Manifest:
        """Read the scale of an object."""
        self.allow(request, "get")
        manifest = self._reader.get(request).manifest()
        check_scalable(manifest, request.served)
        return scale_of(manifest, request.served)

    # Writing

    async def create(self, request: Request, body: object, extra: tuple[str, ...] = ()) -> Record:
        """Create an object."""
        return await self._audited(
            request, "create", lambda: self._writer.create(request, body, extra)
        )

    async def update(self, request: Request, body: object, extra: tuple[str, ...] = ()) -> Record:
        """Replace an object or a subresource of it."""
        if request.subresource == "scale":
            return await self._audited(
                request,
                "update",
                lambda: self._writer.patch(request, lambda m: scaled(m, body, request.served)),
            )
        return await self._audited(
            request, "update", lambda: self._writer.update(request, body, extra)
        )

    async def patch(self, request: Request, patch: Any, patch_type: str) -> Record:
        """Patch an object or a subresource of it.

        Args:
            request: What is patched.
            patch: The parsed patch; consumed.
            patch_type: `json`, `merge` or `strategic`.

        Raises:
            UnsupportedMediaType: A strategic merge patch of a custom kind.
        """
        served = request.served
        if patch_type == "strategic" and not served.builtin:
            raise UnsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types "
                "include: application/json-patch+json, application/merge-patch+json, "
                "application/apply-patch+yaml"
            )

        def change(live: Manifest) -> Any:
            if request.subresource == "scale":
                shown = scale_of(live, served)
                return scaled(live, _patched(shown, patch, patch_type, request), served)
            return _patched(live, patch, patch_type, request)

        return await self._audited(request, "patch", lambda: self._writer.patch(request, change))

    async def apply(
        self, request: Request, body: object, extra: tuple[str, ...] = ()
    ) -> tuple[Record, bool]:
        """Server-side apply; also tells whether the object is new."""
        return await self._audited(
            request, "patch", lambda: self._writer.apply(request, body, extra)
        )

    async def delete(self, request: Request, options: DeleteOptions) -> tuple[Record, bool]:
        """Delete an object; also tells whether it is gone already."""
        return await self._audited(
            request, "delete", lambda: self._deleter.delete(request, options)
        )

    async def delete_collection(
        self, request: Request, selection: Selection, options: DeleteOptions
    ) -> Page:
        """Delete all objects that a selection names; gives them as they were left."""

        async def every() -> Page:
            deleted = []
            found = self._reader.page(request, selection, _NEWEST)
            for record in found.records:
                single = _single(request, record)
                try:
                    deleted.append((await self._deleter.delete(single, options))[0])
                except NotFound:
                    continue
            return Page(deleted, found.version)

        return await self._audited(request, "deletecollection", every)

    # Around them

    def check(self, user: UserInfo, attributes: Attributes) -> None:
        """Raise `Forbidden` unless a user may do something that is no verb of this class."""
        self._authorizer.check(user, attributes)

    def allow(self, request: Request, verb: str, selection: Selection | None = None) -> None:
        """Raise `Forbidden` unless the user may do this.

        A namespace is itself in the namespace of its name, and a selection of one name asks for
        that name alone: roles may allow just these.
        """
        type_ = request.served.type
        name, namespace = request.name, request.namespace
        if not name and selection is not None:
            name = selection.name
        if (type_.group, type_.plural) == ("", "namespaces"):
            namespace = request.name
        self._authorizer.check(
            request.user,
            Attributes(
                verb,
                type_.group,
                type_.plural,
                request.subresource,
                namespace,
                name,
            ),
        )

    async def deleted(self, request: Request, options: DeleteOptions) -> tuple[Record, bool]:
        """Delete an object as part of another action that is allowed and audited itself."""
        return await self._deleter.delete(request, options)

    async def audited(self, request: Request, verb: str, action: Callable[[], Awaitable[T]]) -> T:
        """Allow, do and record something else that changes state, such as issuing a token."""
        return await self._audited(request, verb, action)

    async def _audited(self, request: Request, verb: str, action: Callable[[], Awaitable[T]]) -> T:
        try:
            self.allow(request, verb)
            result = await action()
        except IdpError as error:
            await self._record(request, verb, error.status, error.code)
            raise
        except Exception:
            await self._record(request, verb, IdpError.status, IdpError.code)
            raise
        await self._record(request, verb, 200)
        return result

    async def refused(self, request: Request, verb: str, error: IdpError) -> None:
        """Record a request that would have changed something and never came so far.

        Raises:
            Unavailable: It cannot be recorded.
        """
        if not request.recorded:
            await self._record(request, verb, error.status, error.code)

    async def refused_impersonation(
        self, user: UserInfo, wanted: str, address: str, error: IdpError
    ) -> None:
        """Record that somebody may not act as another user. Raises `Unavailable`."""
        if self._auditor is not None:
            await self._auditor.record(refused_impersonation(user, wanted, address, error))

    async def _record(self, request: Request, verb: str, code: int, reason: str = "") -> None:
        request.recorded = True
        if self._auditor is not None:
            await self._auditor.record(entry(request, verb, code, reason))


def _patched(live: Manifest, patch: Any, patch_type: str, request: Request) -> Any:
    if patch_type == "json":
        return json_patch(live, patch)
    if not isinstance(patch, dict):
        raise InvalidInput("Invalid JSON Patch")
    if patch_type == "merge":
        return merge_patch(live, patch)
    return strategic_merge(live, patch, request.served.node)


def _single(request: Request, record: Record) -> Request:
    """The same request about one object of a collection."""
    return Request(
        user=request.user,
        served=request.served,
        namespace=record.key.namespace,
        name=record.key.name,
        manager=request.manager,
        dry_run=request.dry_run,
        address=request.address,
        warnings=request.warnings,
    )


def presented(record: Record, request: Request) -> Manifest:
    """What a request gets to see of a record."""
    manifest = from_stored(record.manifest(), request.served)
    return scale_of(manifest, request.served) if request.subresource == "scale" else manifest
