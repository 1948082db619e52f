"""Decode: drop what a schema does not know, and name it.

For built-in kinds the walk also checks types, as decoding into Go structures does, and drops
nulls. For custom kinds validation follows separately, with better words.
"""

from __future__ import annotations

import base64
from typing import Any

from idp.embedded.apiserver.schema.node import ANYTHING, Node
from idp.embedded.apiserver.schema.quantities import canonical
from idp.kernel.errors import InvalidInput


def prune_custom(value: Any, node: Node, unknown: list[str], path: str = "") -> None:
    """Drop unknown fields in place, and nulls where none may be.

    Args:
        value: The object.
        node: Its schema.
        unknown: Receives the path of every dropped field, such as `spec.foo`.
        path: Where `value` is.
    """
    if isinstance(value, dict):
        for name in list(value):
            here = f"{path}.{name}" if path else name
            child = node.child(name)
            if child is None:
                del value[name]
                unknown.append(here)
            elif child is ANYTHING:
                continue
            elif value[name] is None and not child.nullable:
                del value[name]
            else:
                prune_custom(value[name], child, unknown, here)
    elif isinstance(value, list) and node.item is not ANYTHING:
        for index, item in enumerate(value):
            prune_custom(item, node.item, unknown, f"{path}[{index}]")


_GO_NAMES = {dict: "object", list: "array", str: "string", bool: "bool"}


def prune_builtin(value: Any, node: Node, unknown: list[str], path: str = "") -> Any:
    """Drop unknown fields and nulls, check types. Gives the value as it is to be stored.

    Raises:
        InvalidInput: A value has another type than its field.
    """
    if node.preserve and not node.properties:
        return value
    if node.type == "object":
        return _builtin_object(value, node, unknown, path)
    if node.type == "array":
        if not isinstance(value, list):
            raise _mismatch(value, "array", path)
        return [
            prune_builtin(item, node.item, unknown, f"{path}[{index}]")
            for index, item in enumerate(value)
            if item is not None
        ]
    return _builtin_scalar(value, node, path)


def _builtin_object(value: Any, node: Node, unknown: list[str], path: str) -> Any:
    if not isinstance(value, dict):
        raise _mismatch(value, "object", path)
    result = {}
    for name, item in value.items():
        here = f"{path}.{name}" if path else name
        child = node.child(name)
        if child is None:
            unknown.append(here)
        elif item is not None:
            pruned = prune_builtin(item, child, unknown, here)
            if not _left_out(pruned, child) or name in node.required:
                result[name] = pruned
    return result


def _left_out(value: Any, node: Node) -> bool:
    """Whether Go's encoder leaves a value out: an empty map or list, not an empty structure."""
    return value == [] or (value == {} and node.additional is not None)


def _builtin_scalar(value: Any, node: Node, path: str) -> Any:
    kind = type(value)
    if node.type == "string":
        if kind is not str:
            raise _mismatch(value, "string", path)
        if node.bytes:
            _check_base64(value)
    elif node.type == "integer":
        if kind is float and value.is_integer() and abs(value) < 1 << 63:
            value = int(value)
        if type(value) is not int or not -(1 << 63) <= value < 1 << 63:
            raise _mismatch(value, "int64", path)
    elif node.type == "boolean":
        if kind is not bool:
            raise _mismatch(value, "bool", path)
    elif node.type == "quantity":
        if kind not in (int, float, str):
            raise _mismatch(value, "Quantity", path)
        return _quantity(str(value))
    elif node.int_or_string and kind not in (int, str):
        raise _mismatch(value, "IntOrString", path)
    return value


def _quantity(text: str) -> str:
    try:
        return canonical(text.strip())
    except ValueError as error:
        raise InvalidInput(str(error)) from error


def _check_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidInput(f"illegal base64 data: {error}") from error


def _mismatch(value: Any, wanted: str, path: str) -> InvalidInput:
    found = _GO_NAMES.get(type(value), "number")
    return InvalidInput(
        f"json: cannot unmarshal {found} into Go struct field {path} of type {wanted}"
    )
