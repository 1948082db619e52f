"""Objects as a `meta.k8s.io/v1 Table`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from idp.embedded.apiserver.tables.ages import age
from idp.embedded.apiserver.tables.columns import builtin_columns
from idp.embedded.apiserver.tables.jsonpath import find
from idp.embedded.apiserver.types.served import Column, ServedType
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest


def table(
    served: ServedType,
    manifests: Iterable[Manifest],
    metadata: Manifest,
    now: datetime,
    *,
    include: str = "Metadata",
) -> Manifest:
    """A table of objects.

    Args:
        served: Their kind.
        manifests: The objects; events in their stored version.
        metadata: Of the list.
        now: For ages.
        include: What of the object goes into each row: `None`, `Metadata` or `Object`.

    Raises:
        InvalidInput: It is to be something else.
    """
    if include not in ("", "None", "Metadata", "Object"):
        raise InvalidInput(
            "Unable to convert to Table as requested: includeObject: Invalid value: "
            f"\"{include}\": must be 'Metadata', 'Object', 'None', or empty"
        )
    if served.builtin:
        definitions, cells = builtin_columns(served.resource)
        rows = [_row(cells(m, now), m, include) for m in manifests]
    else:
        definitions = [_NAME, *(_definition(column) for column in served.columns)]
        rows = [
            _row([m["metadata"]["name"], *(_cell(c, m, now) for c in served.columns)], m, include)
            for m in manifests
        ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        # Kinds without columns of their own get null for no rows, as from the real server.
        "rows": rows or (None if definitions[1]["name"] == "Created At" else []),
    }


_NAME: Manifest = {
    "name": "Name",
    "type": "string",
    "format": "name",
    "description": "Name of the object",
    "priority": 0,
}


def _definition(column: Column) -> Manifest:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def partial(manifest: Manifest) -> Manifest:
    """The `PartialObjectMetadata` of an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": manifest["metadata"],
    }


def _row(cells: list[Any], manifest: Manifest, include: str) -> Manifest:
    shown = {"None": None, "Object": manifest}
    return {"cells": cells, "object": shown[include] if include in shown else partial(manifest)}


def _cell(column: Column, manifest: Manifest, now: datetime) -> Any:
    try:
        found = find(manifest, column.path)
    except InvalidInput:
        return None
    if not found:
        return None
    value = found[0]
    if column.type == "date":
        return age(value, now)
    if column.type == "string":
        return value if isinstance(value, str) else _text(value)
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        import orjson

        return orjson.dumps(value).decode()
    return str(value)
