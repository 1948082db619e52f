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
    """A value with the fields that its structures always have. Shares what it does not change."""
    if isinstance(value, dict):
        if not node.properties:
            return value
        result = dict(value)
        for name, child in node.properties.items():
            if name in result:
                result[name] = with_zero_values(result[name], child)
            elif child.present:
                result[name] = with_zero_values({}, child)
            elif child.zero is not UNSET:
                result[name] = child.zero
            elif name in node.required and name not in _OMITTED:
                result[name] = None
        return result
    if isinstance(value, list) and node.items is not None and node.items.properties:
        return [with_zero_values(item, node.items) for item in value]
    return value
