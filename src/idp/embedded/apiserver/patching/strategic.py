"""Strategic merge patch: a merge patch that knows which lists are maps.

Directives: `$patch: replace | delete | merge`, `$retainKeys`, `$deleteFromPrimitiveList/<field>`,
`$setElementOrder/<field>`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import orjson

from idp.embedded.apiserver.errors import Unexplained
from idp.embedded.apiserver.schema.node import Node
from idp.kernel.errors import InvalidInput

_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def strategic_merge(target: Any, patch: Any, node: Node) -> Any:
    """Merge a patch into an object of the given schema. Consumes both arguments.

    Raises:
        Unexplained: A directive is unknown, or an item lacks its merge key.
        InvalidInput: A field is none of the known directives.
    """
    if not isinstance(patch, dict):
        return patch
    directive = patch.pop("$patch", None)
    if directive == "replace":
        return _plain(patch)
    if directive == "delete":
        return None
    if directive not in (None, "merge"):
        shown = shown_map({"$patch": directive, **patch})
        raise Unexplained(f"unknown patch type: {directive} in map: {shown}")
    result = target if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        retained = _listed(patch.pop("$retainKeys"), "$retainKeys")
        result = {name: value for name, value in result.items() if name in retained}
    live = {name: list(v) for name, v in result.items() if isinstance(v, list)}
    for name, value in patch.items():
        if not name.startswith("$"):
            _merge_field(result, name, value, node.merge_child(name), patch)
    for name, value in patch.items():
        if name.startswith(_DELETE_FROM):
            field = name.removeprefix(_DELETE_FROM)
            present = _listed(result.get(field) or [], field)
            dropped = {_identity(item) for item in _listed(value, name)}
            result[field] = [item for item in present if _identity(item) not in dropped]
        elif name.startswith(_ORDER):
            field = name.removeprefix(_ORDER)
            if isinstance(result.get(field), list):
                key = node.merge_child(field).merge_key
                order = _listed(value, name)
                result[field] = _ordered(result[field], order, live.get(field, []), key)
        elif name.startswith("$"):
            raise InvalidInput(f"unknown directive {name}")
    return result


def _merge_field(
    result: dict[str, Any], name: str, value: Any, node: Node, patch: dict[str, Any]
) -> None:
    if value is None:
        result.pop(name, None)
    elif isinstance(value, list) and "merge" in node.strategies:
        result[name] = _merge_list(result.get(name) or [], value, node)
    elif isinstance(value, dict):
        merged = strategic_merge(result.get(name), value, node)
        if merged is None:
            result.pop(name, None)
        else:
            result[name] = merged
    else:
        result[name] = _plain(value)


def _listed(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInput(f"{name} of a strategic merge patch must be a list")
    return value


def _merge_list(target: Any, patch: list[Any], node: Node) -> list[Any]:
    present: list[Any] = target if isinstance(target, list) else []
    if not node.merge_key:
        known = {_identity(item) for item in present}
        return present + [item for item in patch if _identity(item) not in known]
    for item in patch:
        if not isinstance(item, dict):
            raise _lacks_key(item, node)
    if any(item.get("$patch") == "replace" for item in patch):
        return [_plain(item) for item in patch if item.get("$patch") != "replace"]
    merged = _KeyedList(present, node)
    for item in patch:
        merged.merge(item)
    order = [item for item in patch if item.get("$patch") != "delete"]
    return _ordered(merged.items(), order, present, node.merge_key)


def _lacks_key(item: Any, node: Node) -> Unexplained:
    shown = shown_map(item)
    return Unexplained(f"map: {shown} does not contain declared merge key: {node.merge_key}")


class _KeyedList:
    """A list whose items are found by their merge key, so that long patches stay linear."""

    def __init__(self, items: list[Any], node: Node) -> None:
        self._node = node
        self._items: list[Any] = list(items)
        self._places: dict[bytes, list[int]] = {}
        for index, item in enumerate(items):
            if isinstance(item, dict):
                identity = _identity(item.get(node.merge_key))
                self._places.setdefault(identity, []).append(index)

    def merge(self, item: dict[str, Any]) -> None:
        """Merge one item of a patch. Raises `Unexplained`."""
        node = self._node
        if node.merge_key not in item:
            raise _lacks_key(item, node)
        identity = _identity(item[node.merge_key])
        places = self._places.get(identity, [])
        if item.get("$patch") == "delete":
            for index in self._places.pop(identity, []):
                self._items[index] = _GONE
        elif places:
            merged = strategic_merge(self._items[places[0]], item, node.item)
            self._items[places[0]] = merged
        else:
            self._places[identity] = [len(self._items)]
            self._items.append(strategic_merge({}, item, node.item))

    def items(self) -> list[Any]:
        """The list as it is now."""
        return [item for item in self._items if item is not _GONE]


_GONE = object()


def _identity(value: Any) -> bytes:
    """What two equal values have in common, to look them up."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _ordered(items: list[Any], order: list[Any], live: list[Any], key: str) -> list[Any]:
    """Merge two orders: of the items in the patch, and of those that only the server has.

    An item of the server comes before one of the patch only where it did so in the live list;
    what is new in the patch comes first.
    """

    def identity(item: Any) -> bytes:
        return _identity(item.get(key) if key and isinstance(item, dict) else item)

    wanted = _first_places(map(identity, order))
    places = _first_places(map(identity, live))
    patched = deque(
        sorted(
            (item for item in items if identity(item) in wanted),
            key=lambda item: wanted[identity(item)],
        )
    )
    others = deque(item for item in items if identity(item) not in wanted)
    result: list[Any] = []
    while patched and others:
        left, right = places.get(identity(others[0])), places.get(identity(patched[0]))
        before = left is not None and right is not None and left < right
        result.append(others.popleft() if before else patched.popleft())
    return [*result, *patched, *others]


def _first_places(identities: Iterable[bytes]) -> dict[bytes, int]:
    places: dict[bytes, int] = {}
    for place, identity in enumerate(identities):
        places.setdefault(identity, place)
    return places


def shown_map(value: Any) -> str:
    """A value as the real server shows it in messages."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{shown_map(value[k])}" for k in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(shown_map(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(value: Any) -> Any:
    """A value from a patch, without the directives and deletions in it."""
    if isinstance(value, dict):
        return {
            name: _plain(item)
            for name, item in value.items()
            if item is not None and not name.startswith("$")
        }
    if isinstance(value, list):
        return [
            _plain(item)
            for item in value
            if not (isinstance(item, dict) and item.get("$patch") == "delete")
        ]
    return value
