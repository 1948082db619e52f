"""Which representation a client wants: the objects, a table, or their metadata alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from aiohttp import web

from idp.embedded.apiserver.errors import NotAcceptable
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
Wanted = Literal["object", "table", "metadata"]


def wanted(http: web.BaseRequest) -> Wanted:
    """Read the `Accept` header: the first representation that is served here wins."""
    for item in http.headers.get("Accept", "").replace(" ", "").split(","):
        media_type, *arguments = item.split(";")
        if media_type not in ("application/json", "*/*", "application/*"):
            continue
        if "as=Table" in arguments:
            return "table"
        if any(
            a in ("as=PartialObjectMetadata", "as=PartialObjectMetadataList") for a in arguments
        ):
            return "metadata"
        return "object"
    return "object"


def check_acceptable(http: web.BaseRequest) -> None:
    """Refuse a client that takes no format that is served.

    Clients that want only protobuf get JSON, which they read.

    Raises:
        NotAcceptable: It takes neither.
    """
    accepted = http.headers.get("Accept", "").replace(" ", "").split(",")
    if accepted != [""] and not any(item.split(";")[0] in _SERVED for item in accepted):
        raise NotAcceptable(
            "406: Not Acceptable\n\nAvailable representations: application/json, "
            "application/yaml, application/vnd.kubernetes.protobuf"
        )


class Shapes:
    """Makes the representations that are not stored bytes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def page(self, page: Page, request: Request, shape: Wanted, include: str) -> Manifest:
        """A page of a list."""
        metadata: Manifest = {"resourceVersion": str(page.version)}
        if page.token:
            metadata["continue"] = page.token
            if page.remaining is not None:
                metadata["remainingItemCount"] = page.remaining
        if shape == "table":
            return self._table(page.records, request, metadata, include)
        items = [partial(from_stored(r.manifest(), request.served)) for r in page.records]
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": items,
        }

    def one(self, record: Record, request: Request, shape: Wanted, include: str) -> Manifest:
        """A single object."""
        if shape == "metadata":
            return partial(from_stored(record.manifest(), request.served))
        metadata = {"resourceVersion": str(record.version)}
        return self._table([record], request, metadata, include)

    def _table(
        self, records: Iterable[Record], request: Request, metadata: Manifest, include: str
    ) -> Manifest:
        manifests = [record.manifest() for record in records]
        return table(request.served, manifests, metadata, self._clock(), include=include)

    def watch(self, request: Request, shape: Wanted, include: str) -> Shape | None:
        """How the events of a watch look; None for plain objects."""
        if shape == "object":
            return None

        def event(seen: Seen) -> Manifest:
            if seen.record is None:
                return bookmark(request, seen)
            return self.one(seen.record, request, shape, include)

        return event
