"""Which representation a client wants: the objects, a table, or their metadata alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from idp.embedded.apiserver.errors import NotAcceptable, UnknownFormat
from idp.embedded.apiserver.http.watching import Shape, bookmark
from idp.embedded.apiserver.storage.record import Record
from idp.embedded.apiserver.tables.render import partial, table
from idp.embedded.apiserver.types.versions import from_stored
from idp.embedded.apiserver.verbs.read import Page, Seen
from idp.embedded.apiserver.verbs.request import Request
from idp.kernel.clock import Clock
from idp.kernel.resource import Manifest

_SERVED = {
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/*",
    "*/*",
}
_META_VERSIONS = ("v=v1", "v=v1beta1")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A representation.

    Attributes:
        shape: The object itself, a table, its metadata, or the metadata of a list.
        version: Of `meta.k8s.io`.
    """

    shape: Literal["object", "table", "metadata", "metadata list"] = "object"
    version: str = "v1"


_SHAPES: dict[str, Literal["table", "metadata", "metadata list"]] = {
    "as=Table": "table",
    "as=PartialObjectMetadata": "metadata",
    "as=PartialObjectMetadataList": "metadata list",
}


def wanted(http: web.BaseRequest, *, one: bool, watch: bool = False) -> Wanted:
    """Read the `Accept` header: the first representation that is served here wins.

    Args:
        http: The request.
        one: The answer is one object, not a list.
        watch: The answer is a stream of single objects.

    Raises:
        NotAcceptable: Only other representations are wanted, or one that is not of this answer.
    """
    accepted = http.headers.get("Accept", "").replace(" ", "").split(",")
    known = [item for item in accepted if item.split(";")[0] in _SERVED]
    for item in known:
        arguments = item.split(";")[1:]
        if not any(argument.startswith("as=") for argument in arguments):
            return Wanted()
        shape = next((_SHAPES[a] for a in arguments if a in _SHAPES), None)
        version = next((a[2:] for a in arguments if a in _META_VERSIONS), None)
        if shape is None or version is None or "g=meta.k8s.io" not in arguments:
            continue
        if not watch and (shape, one) in (("metadata", False), ("metadata list", True)):
            found = "not a list" if one else "a list"
            name = "PartialObjectMetadata" + ("List" if one else "")
            raise NotAcceptable(f"you requested {name}, but the requested object is {found}")
        return Wanted(shape, version)
    if known:
        raise not_acceptable()
    return Wanted()


def not_acceptable() -> NotAcceptable:
    """The error for a client that takes no representation that is served."""
    return NotAcceptable(
        "only the following media types are accepted: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf"
    )


def check_acceptable(http: web.BaseRequest) -> None:
    """Refuse a client that takes no format that is served.

    Clients that want only protobuf get JSON, which they read.

    Raises:
        NotAcceptable: It takes neither.
    """
    accepted = http.headers.get("Accept", "").replace(" ", "").split(",")
    if accepted != [""] and not any(item.split(";")[0] in _SERVED for item in accepted):
        raise UnknownFormat(
            "406: Not Acceptable\n\nAvailable representations: application/json, "
            "application/yaml, application/vnd.kubernetes.protobuf"
        )


class Shapes:
    """Makes the representations that are not stored bytes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def page(self, page: Page, request: Request, wanted: Wanted, include: str) -> Manifest:
        """A page of a list."""
        metadata: Manifest = {"resourceVersion": str(page.version)}
        if page.token:
            metadata["continue"] = page.token
            if page.remaining is not None:
                metadata["remainingItemCount"] = page.remaining
        api_version = f"meta.k8s.io/{wanted.version}"
        if wanted.shape == "table":
            return {
                **self._table(page.records, request, metadata, include),
                "apiVersion": api_version,
            }
        items = [partial(from_stored(r.manifest(), request.served)) for r in page.records]
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": api_version,
            "metadata": metadata,
            "items": items,
        }

    def one(self, record: Record, request: Request, wanted: Wanted, include: str) -> Manifest:
        """A single object."""
        if wanted.shape == "table":
            metadata = {"resourceVersion": str(record.version)}
            shown = self._table([record], request, metadata, include)
        else:
            shown = partial(from_stored(record.manifest(), request.served))
        return {**shown, "apiVersion": f"meta.k8s.io/{wanted.version}"}

    def _table(
        self, records: Iterable[Record], request: Request, metadata: Manifest, include: str
    ) -> Manifest:
        manifests = [record.manifest() for record in records]
        return table(request.served, manifests, metadata, self._clock(), include=include)

    def _event(self, seen: Seen, request: Request, wanted: Wanted, include: str) -> Manifest:
        if seen.record is not None:
            return self.one(seen.record, request, wanted, include)
        mark = partial(bookmark(request, seen))
        if wanted.shape == "table":
            metadata = {"resourceVersion": str(seen.version)}
            rows = [{"cells": [], "object": mark}]
            mark = {**self._table([], request, metadata, include), "rows": rows}
        return {**mark, "apiVersion": f"meta.k8s.io/{wanted.version}"}

    def watch(self, request: Request, wanted: Wanted, include: str) -> Shape | None:
        """How the events of a watch look; None for plain objects."""
        if wanted.shape == "object":
            return None

        told = False

        def event(seen: Seen) -> Manifest:
            nonlocal told
            shown = self._event(seen, request, wanted, include)
            if wanted.shape == "table":
                # Columns are told once.
                shown["columnDefinitions"] = None if told else shown["columnDefinitions"]
                told = True
            return shown

        return event
