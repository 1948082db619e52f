"""JSON patch (RFC 6902)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import orjson

from idp.kernel.errors import Invalid, InvalidInput, TooLarge

_OPERATIONS = 10_000
_COPIED_BYTES = 3 * 1024 * 1024
"""What all `copy` operations together may add, as for the real server: each can double a value."""


def json_patch(target: Any, operations: Any) -> Any:
    """Apply the operations in order. Consumes `target`.

    Raises:
        InvalidInput: The patch is not one.
        Invalid: An operation names a place that is not there, or a test fails.
    """
    if not isinstance(operations, list):
        raise InvalidInput("a JSON patch is a list of operations")
    if len(operations) > _OPERATIONS:
        raise InvalidInput(f"the JSON patch has more than {_OPERATIONS} operations")
    holder, copied = {"": target}, 0
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise InvalidInput("an operation of a JSON patch has `op` and `path`")
        if operation.get("op") == "copy":
            copied += _size(_get(holder, _parts(operation.get("from"))))
            if copied > _COPIED_BYTES:
                raise TooLarge(
                    f"Unable to complete the copy, the accumulated size increase of copy is "
                    f"{copied}, exceeding the limit {_COPIED_BYTES}"
                )
        _apply(holder, operation)
    if "" not in holder:
        raise Invalid("the JSON patch removes the whole object")
    return holder[""]


def _size(value: Any) -> int:
    """Bytes of a value as JSON."""
    return len(orjson.dumps(value))


def _apply(holder: dict[str, Any], operation: dict[str, Any]) -> None:
    path = _parts(operation["path"])
    match operation.get("op"):
        case "add":
            _add(holder, path, _value(operation))
        case "remove":
            _remove(holder, path)
        case "replace":
            _get(holder, path)
            _replace(holder, path, _value(operation))
        case "move":
            _add(holder, path, _remove(holder, _parts(operation.get("from"))))
        case "copy":
            _add(holder, path, copy.deepcopy(_get(holder, _parts(operation.get("from")))))
        case "test":
            if _get(holder, path) != operation.get("value"):
                raise Invalid(f"testing value {operation['path']} failed: test failed")
        case other:
            raise Invalid(f"unknown operation {other!r} in a JSON patch")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise InvalidInput(f"the operation on {operation['path']} lacks `value`")
    return operation["value"]


def _parts(pointer: Any) -> list[str]:
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise InvalidInput(f"{pointer!r} is not a JSON pointer")
    return [""] + [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]


def _index(parent: Sequence[Any], part: str, *, end: int) -> int:
    if not (part.isascii() and part.isdigit() and len(part) < 10) or int(part) >= end:
        raise Invalid(f"Unable to access invalid index: {part[:20]}")
    return int(part)


def _descend(parent: Any, part: str, path: list[str]) -> Any:
    if isinstance(parent, dict) and part in parent:
        return parent[part]
    if isinstance(parent, list):
        return parent[_index(parent, part, end=len(parent))]
    raise Invalid(f"path {'/'.join(path)} is missing: the operation names nothing")


def _get(holder: Any, path: list[str]) -> Any:
    for part in path:
        holder = _descend(holder, part, path)
    return holder


def _add(holder: Any, path: list[str], value: Any) -> None:
    parent = _get(holder, path[:-1])
    if isinstance(parent, list):
        last = path[-1]
        at = len(parent) if last == "-" else _index(parent, last, end=len(parent) + 1)
        parent.insert(at, value)
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise Invalid(f"path {'/'.join(path)} is missing: its parent holds no fields")


def _replace(holder: Any, path: list[str], value: Any) -> None:
    parent = _get(holder, path[:-1])
    if isinstance(parent, list):
        parent[_index(parent, path[-1], end=len(parent))] = value
    else:
        parent[path[-1]] = value


def _remove(holder: Any, path: list[str]) -> Any:
    value = _get(holder, path)
    parent = _get(holder, path[:-1])
    if isinstance(parent, list):
        return parent.pop(int(path[-1]))
    del parent[path[-1]]
    return value
