"""Fill in what an object leaves out."""

from __future__ import annotations

import copy
from typing import Any

from idp.embedded.apiserver.schema.node import UNSET, Node


class Defaulter:
    """Sets the defaults of one schema; knows which parts of it have any."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._with_defaults: dict[int, bool] = {}
        self._mark(root)

    def _mark(self, node: Node) -> bool:
        known = self._with_defaults.get(id(node))
        if known is not None:
            return known
        self._with_defaults[id(node)] = False
        children = [*node.properties.values(), node.additional, node.items]
        below = [self._mark(child) for child in children if child is not None]
        found = any(below) or any(c.default is not UNSET for c in node.properties.values())
        self._with_defaults[id(node)] = found
        return found

    def apply(self, value: Any) -> None:
        """Set defaults in place, outside in: a defaulted object gets its own defaults too."""
        self._fill(value, self._root)

    def _fill(self, value: Any, node: Node) -> None:
        if not self._with_defaults.get(id(node)):
            return
        if isinstance(value, dict):
            for name, child in node.properties.items():
                if child.default is not UNSET and name not in value:
                    value[name] = copy.deepcopy(child.default)
            for name, item in value.items():
                child_node = node.properties.get(name) or node.additional
                if child_node is not None:
                    self._fill(item, child_node)
        elif isinstance(value, list) and node.items is not None:
            for item in value:
                self._fill(item, node.items)
