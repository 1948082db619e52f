"""Strategic merge patch: a merge patch that knows which lists are maps.

Directives: `$patch: replace | delete | merge`, `$retainKeys`, `$deleteFromPrimitiveList/<field>`,
`$setElementOrder/<field>`.
"""

from __future__ import annotations

from typing import Any

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
        retained = patch.pop("$retainKeys")
        result = {name: value for name, value in result.items() if name in retained}
    live = {name: list(v) for name, v in result.items() if isinstance(v, list)}
    for name, value in patch.items():
        if not name.startswith("$"):
            _merge_field(result, name, value, node.merge_child(name), patch)
    for name, value in patch.items():
        if name.startswith(_DELETE_FROM):
            field = name.removeprefix(_DELETE_FROM)
            result[field] = [item for item in result.get(field) or [] if item not in value]
        elif name.startswith(_ORDER):
            field = name.removeprefix(_ORDER)
            if isinstance(result.get(field), list):
                key = node.merge_child(field).merge_key
                result[field] = _ordered(result[field], value, live.get(field, []), key)
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


def _merge_list(target: list[Any], patch: list[Any], node: Node) -> list[Any]:
    if not node.merge_key:
        return target + [item for item in patch if item not in target]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [_plain(item) for item in patch if item.get("$patch") != "replace"]
    result = list(target)
    for item in patch:
        if not isinstance(item, dict) or node.merge_key not in item:
            shown = shown_map(item)
            raise Unexplained(f"map: {shown} does not contain declared merge key: {node.merge_key}")
        _merge_item(result, item, node)
    order = [item for item in patch if item.get("$patch") != "delete"]
    return _ordered(result, order, target, node.merge_key)


def _merge_item(result: list[Any], item: dict[str, Any], node: Node) -> None:
    identity = item[node.merge_key]
    places = [
        index
        for index, existing in enumerate(result)
        if isinstance(existing, dict) and existing.get(node.merge_key) == identity
    ]
    if item.get("$patch") == "delete":
        for index in reversed(places):
            del result[index]
    elif places:
        result[places[0]] = strategic_merge(result[places[0]], item, node.item)
    else:
        result.append(strategic_merge({}, item, node.item))


def _ordered(items: list[Any], order: list[Any], live: list[Any], key: str) -> list[Any]:
    """Merge two orders: of the items in the patch, and of those that only the server has.

    An item of the server comes before one of the patch only where it did so in the live list;
    what is new in the patch comes first.
    """

    def identity(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted = [identity(item) for item in order]
    places = [identity(item) for item in live]
    patched = sorted(
        (item for item in items if identity(item) in wanted),
        key=lambda item: wanted.index(identity(item)),
    )
    others = [item for item in items if identity(item) not in wanted]
    result: list[Any] = []
    while patched and others:
        left, right = identity(others[0]), identity(patched[0])
        before = left in places and right in places and places.index(left) < places.index(right)
        result.append(others.pop(0) if before else patched.pop(0))
    return result + patched + others


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
