"""Sets of field paths, and their form in `managedFields` (`fieldsV1`).

A path is a tuple of elements as fieldsV1 writes them: `f:<field>`, `k:<keys as JSON>` for an item
of a keyed list, `v:<value as JSON>` for an item of a set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from idp.embedded.apiserver.schema.node import UNSET, Node

Path = tuple[str, ...]
Paths = frozenset[Path]


def decode_fields(fields: Mapping[str, Any]) -> Paths:
    """Read `fieldsV1`."""
    found: set[Path] = set()
    waiting: list[tuple[Path, Mapping[str, Any]]] = [((), fields)]
    while waiting:
        path, children = waiting.pop()
        for element, below in children.items():
            if element == ".":
                found.add(path)
                continue
            here = (*path, element)
            if below:
                waiting.append((here, below))
            else:
                found.add(here)
    return frozenset(found)


def encode_fields(paths: Iterable[Path]) -> dict[str, Any]:
    """Write `fieldsV1`: fields, then keyed items, then values, each in order."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        place = root
        for element in path:
            place = place.setdefault(element, {})
        place["."] = {}
    return _without_leaf_dots(root)


def _without_leaf_dots(place: dict[str, Any]) -> dict[str, Any]:
    if set(place) == {"."}:
        return {}
    return {
        element: below if element == "." else _without_leaf_dots(below)
        for element, below in sorted(place.items())
    }


def field(name: str) -> str:
    """Element of a named field."""
    return f"f:{name}"


def item_element(item: Any, node: Node) -> str:
    """Element of an item of an associative list (`node` is the list's)."""
    if node.list_type == "set":
        return "v:" + orjson.dumps(item).decode()
    keys: dict[str, Any] = {}
    for name in node.map_keys:
        value = item.get(name) if isinstance(item, dict) else None
        if value is None:
            value = getattr(node.item.properties.get(name), "default", UNSET)
        if value is not UNSET and value is not None:
            keys[name] = value
    return "k:" + orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()


def with_named_parents(paths: Paths, root: Node) -> Paths:
    """Add the fields of structures that the paths lead through.

    Removing by path needs them: a structure that somebody owns a part of stays.
    """
    found = set(paths)
    for path in paths:
        node = root
        for depth, element in enumerate(path[:-1]):
            name = element[2:]
            if element.startswith("f:") and name in node.properties:
                found.add(path[: depth + 1])
            node = child_node(node, element)
    return frozenset(found)


def child_node(node: Node, element: str) -> Node:
    """Schema below an element."""
    return node.merge_child(element[2:]) if element.startswith("f:") else node.item


def readable(path: Path) -> str:
    """A path as messages show it: `.spec.containers[name="web"].image`."""
    text = ""
    for element in path:
        kind, rest = element[:2], element[2:]
        if kind == "f:":
            text += f".{rest}"
        elif kind == "k:":
            keys = orjson.loads(rest)
            text += "[" + ",".join(f"{k}={orjson.dumps(v).decode()}" for k, v in keys.items()) + "]"
        else:
            text += f"[={rest}]"
    return text
