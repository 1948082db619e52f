"""Between the version a client speaks and the one that is stored.

Custom kinds convert with strategy `None`: only `apiVersion` differs. Events are one resource in
two shapes, `v1` (stored) and `events.k8s.io/v1`.
"""

from __future__ import annotations

from idp.embedded.apiserver.schema.prune import prune_custom
from idp.embedded.apiserver.storage.record import Record
from idp.embedded.apiserver.types.served import ServedType
from idp.kernel.resource import Manifest

_EVENT_FIELDS = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}
_EVENT_FIELDS_BACK = {core: new for new, core in _EVENT_FIELDS.items()}


def _is_new_event(served: ServedType) -> bool:
    return served.type.group == "events.k8s.io"


def to_stored(manifest: Manifest, served: ServedType) -> Manifest:
    """A manifest in the stored version."""
    if _is_new_event(served):
        manifest = {_EVENT_FIELDS.get(name, name): value for name, value in manifest.items()}
    if (stored := served.stored_node) is not None:
        prune_custom(manifest, stored, [])
    # These come first, so that a list can leave them out by their length.
    return {
        "apiVersion": served.storage,
        "kind": served.type.kind,
        **{k: v for k, v in manifest.items() if k not in ("apiVersion", "kind")},
    }


def from_stored(manifest: Manifest, served: ServedType) -> Manifest:
    """A stored manifest in the version asked for."""
    if _is_new_event(served):
        manifest = {_EVENT_FIELDS_BACK.get(name, name): value for name, value in manifest.items()}
    return {**manifest, "apiVersion": served.type.api_version, "kind": served.type.kind}


def is_stored_version(served: ServedType) -> bool:
    """Whether stored objects can be answered as they are."""
    return served.type.api_version == served.storage


def encoded(record: Record, served: ServedType) -> bytes:
    """A stored object as JSON, in the version asked for."""
    if is_stored_version(served):
        return record.raw
    import orjson

    return orjson.dumps(from_stored(record.manifest(), served))
