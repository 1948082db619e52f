"""Walks over typed values: the set of their fields, their difference, merging, removing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from idp.embedded.apiserver.apply.paths import Path, Paths, child_node, item_element, readable
from idp.embedded.apiserver.schema.node import Node

_ABSENT: Final = object()


def _granular_map(node: Node, value: Any) -> bool:
    return isinstance(value, dict) and not node.atomic


def _granular_list(node: Node, value: Any) -> bool:
    return isinstance(value, list) and node.list_type != "atomic"


def field_set(value: Any, node: Node) -> Paths:
    """All fields that a configuration states."""
    found: set[Path] = set()
    _collect(value, node, (), found)
    return frozenset(found)


def _collect(value: Any, node: Node, path: Path, found: set[Path]) -> None:
    if _granular_map(node, value):
        for name, item in value.items():
            here = (*path, f"f:{name}")
            _collect(item, node.merge_child(name), here, found)
            if item is None or item == {} or name not in node.properties:
                found.add(here)
    elif _granular_list(node, value):
        for item in value:
            here = (*path, item_element(item, node))
            _collect(item, node.item, here, found)
            found.add(here)
    else:
        found.add(path)


def refuse_duplicates(value: Any, node: Node, path: str = "") -> None:
    """Refuse lists that hold an item twice.

    Raises:
        ValueError: Says which.
    """
    if _granular_map(node, value):
        for name, item in value.items():
            refuse_duplicates(item, node.merge_child(name), f"{path}.{name}")
    elif _granular_list(node, value):
        seen: set[str] = set()
        for item in value:
            element = item_element(item, node)
            if element in seen:
                raise ValueError(f"{path}: duplicate entries for key {readable((element,))}")
            seen.add(element)
            refuse_duplicates(item, node.item, path + readable((element,)))


@dataclass
class Difference:
    """Fields by what happened to them between two objects."""

    added: set[Path] = field(default_factory=set)
    modified: set[Path] = field(default_factory=set)
    removed: set[Path] = field(default_factory=set)


def compare(old: Any, new: Any, node: Node) -> Difference:
    """What changed from one object to the other."""
    difference = Difference()
    _compare(old, new, node, (), difference)
    return difference


def _compare(old: Any, new: Any, node: Node, path: Path, d: Difference) -> None:
    left: Any
    right: Any
    some = old if new is _ABSENT else new
    other = old if new is not _ABSENT else _ABSENT
    if _granular_map(node, some) and (isinstance(other, dict) or not other or other is _ABSENT):
        left, right = _as_dict(old), _as_dict(new)
        for name in {**left, **right}:
            below = (*path, f"f:{name}")
            child = node.merge_child(name)
            _compare(left.get(name, _ABSENT), right.get(name, _ABSENT), child, below, d)
    elif _granular_list(node, some) and (isinstance(other, list) or not other or other is _ABSENT):
        left, right = _as_list(old), _as_list(new)
        _compare_items(left, right, node, path, d)
    else:
        left = right = None
    if left or right:
        _note_whole(old, new, path, d)
    else:
        _note_leaf(old, new, path, d)


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _note_whole(old: Any, new: Any, path: Path, d: Difference) -> None:
    if old is _ABSENT:
        d.added.add(path)
    elif new is _ABSENT:
        d.removed.add(path)


def _note_leaf(old: Any, new: Any, path: Path, d: Difference) -> None:
    if old is _ABSENT or new is _ABSENT:
        _note_whole(old, new, path, d)
    elif old != new or type(old) is not type(new):
        d.modified.add(path)


def _compare_items(old: list[Any], new: list[Any], node: Node, path: Path, d: Difference) -> None:
    left, right = _by_element(old, node), _by_element(new, node)
    for element in {**left, **right}:
        before, after = left.get(element, []), right.get(element, [])
        here = (*path, element)
        if len(before) <= 1 and len(after) <= 1:
            first = before[0] if before else _ABSENT
            second = after[0] if after else _ABSENT
            _compare(first, second, node.item, here, d)
        elif len(before) > 1 and len(after) > 1:
            if before != after:
                d.modified.add(here)
        elif len(before) > 1:
            if after:
                _compare(_ABSENT, after[0], node.item, here, d)
            d.removed.add(here)
        else:
            if before:
                _compare(before[0], _ABSENT, node.item, here, d)
            d.added.add(here)


def _by_element(items: list[Any], node: Node) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(item_element(item, node), []).append(item)
    return found


def merge(live: Any, wanted: Any, node: Node) -> Any:
    """The live value with what is wanted laid over it. Shares parts of both."""
    if wanted is _ABSENT:
        return live
    if _granular_map(node, wanted) and isinstance(live, dict):
        result = dict(live)
        for name, item in wanted.items():
            result[name] = merge(live.get(name, _ABSENT), item, node.merge_child(name))
        return result
    if _granular_list(node, wanted) and isinstance(live, list):
        return _merge_items(live, wanted, node)
    return wanted


def _merge_items(live: list[Any], wanted: list[Any], node: Node) -> list[Any]:
    """Keep the order of both sides where they agree; the applied order wins where they do not."""
    left = [(item_element(item, node), item) for item in live]
    right = [(item_element(item, node), item) for item in wanted]
    live_by, wanted_by = dict(reversed(left)), dict(right)
    shared = [element for element, _ in right if element in live_by]
    merged: set[str] = set()
    result: list[Any] = []
    i = j = 0
    while i < len(left) or j < len(right):
        if i < len(left) and j < len(right):
            element = left[i][0]
            if element != right[j][0] and element in wanted_by and shared and shared[0] != element:
                i += 1
                continue
        if i < len(left):
            element = left[i][0]
            if element not in wanted_by:
                result.append(left[i][1])
                i += 1
                continue
            if element in merged or (j < len(right) and element == right[j][0]):
                i += 1
        if j < len(right):
            element, item = right[j]
            merged.add(element)
            result.append(merge(live_by.get(element, _ABSENT), item, node.item))
            j += 1
            if shared and shared[0] == element:
                shared.pop(0)
    return result


def remove(value: Any, paths: Paths, node: Node) -> Any:
    """The value without the given fields; None when nothing is left of an object or list."""
    tree: dict[str, Any] = {}
    for path in paths:
        place = tree
        for element in path:
            place = place.setdefault(element, {})
        place["."] = {}
    return _remove(value, tree, node)


def _remove(value: Any, tree: dict[str, Any], node: Node) -> Any:
    if isinstance(value, dict):
        if node.atomic or not value:
            return None
        kept = {}
        for name, item in value.items():
            below = tree.get(f"f:{name}")
            if below is None:
                kept[name] = item
            elif "." not in below:
                kept[name] = _remove(item, below, node.merge_child(name))
        return kept or None
    if isinstance(value, list):
        if node.list_type == "atomic" or not value:
            return None
        items = []
        for item in value:
            below = tree.get(item_element(item, node))
            if below is None:
                items.append(item)
            elif "." not in below:
                items.append(_remove(item, below, node.item))
        return items or None
    return value


__all__ = ["Difference", "child_node", "compare", "field_set", "merge", "remove"]
