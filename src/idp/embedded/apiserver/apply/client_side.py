"""From client-side to server-side apply, for `kubectl apply --server-side`.

An object that `kubectl apply` made before carries its last configuration in an annotation. Fields
that it names were set by the same user: taking them over is no conflict, and the annotation
follows, so that a client-side apply may come after.
"""

from __future__ import annotations

import orjson

from idp.embedded.apiserver.apply.paths import Paths
from idp.embedded.apiserver.apply.walk import compare, field_set
from idp.embedded.apiserver.schema.node import Node
from idp.kernel.resource import Manifest

MANAGER = "kubectl"
_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def configured(live: Manifest | None, node: Node) -> Paths:
    """The fields that the last client-side apply stated and nobody changed since.

    Empty when there was no such apply.
    """
    text = _annotations(live).get(_ANNOTATION)
    if not text:
        return frozenset()
    try:
        configuration = orjson.loads(text)
    except ValueError:
        return frozenset()
    since = compare(configuration, live, node)
    return field_set(configuration, node) - since.modified - since.added - since.removed


def follow(merged: Manifest, live: Manifest | None, applied: Manifest) -> None:
    """Note the configuration in the annotation, where there is one. Changes `merged`."""
    if _ANNOTATION not in _annotations(live):
        return
    annotations = merged["metadata"].get("annotations") or {}
    text = orjson.dumps(applied, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    merged["metadata"]["annotations"] = {**annotations, _ANNOTATION: text}


def _annotations(live: Manifest | None) -> Manifest:
    annotations: Manifest = (live or {}).get("metadata", {}).get("annotations") or {}
    return annotations
