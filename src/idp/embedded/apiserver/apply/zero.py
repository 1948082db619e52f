"""Zero values: what an object of a built-in kind always has, even where a manifest says nothing.

The real server compares Go structures, in which a field without `omitempty` is never absent: a
structure is empty, a list is null. So such a field is not *added* when it is first set, and its
own path is owned by nobody. Custom kinds have no such fields.
"""

from __future__ import annotations

from typing import Any

from idp.embedded.apiserver.schema.node import UNSET, Node

_OMITTED = {"validationActions"}
"""Required by the published schema, yet left out by Go when empty."""


def with_zero_values(value: Any, node: Node) -> Any:
    """A value with the fields that its structures always have. Shares parts: change none of it."""
    if isinstance(value, dict):
        if not node.properties:
            return value
        result = dict(_zero_values(node))
        for name, item in value.items():
            child = node.properties.get(name)
            result[name] = item if child is None else with_zero_values(item, child)
        return result
    if isinstance(value, list) and node.items is not None and node.items.properties:
        return [with_zero_values(item, node.items) for item in value]
    return value


def _zero_values(node: Node) -> dict[str, Any]:
    """What an empty structure has; found once for each node, as every write asks."""
    if node.zero_values is None:
        found: dict[str, Any] = {}
        for name, child in node.properties.items():
            if child.present:
                found[name] = with_zero_values({}, child)
            elif child.zero is not UNSET:
                found[name] = child.zero
            elif name in node.required and name not in _OMITTED:
                found[name] = None
        node.zero_values = found
    return node.zero_values
