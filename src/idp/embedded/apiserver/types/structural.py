"""Structural schemas: what a CustomResourceDefinition may say of its objects.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from idp.embedded.apiserver.schema.patterns import pattern_problem
from idp.kernel.errors import Cause

_TYPES = {"object", "array", "string", "integer", "number", "boolean"}
_FORBIDDEN = ("$ref", "definitions", "dependencies", "patternProperties", "additionalItems")
_LIST_TYPES = ("atomic", "set", "map")


def required(path: str, text: str = "") -> Cause:
    """A field must be there."""
    return Cause(path, f"Required value: {text}" if text else "Required value", _REQUIRED)


def forbidden(path: str, text: str) -> Cause:
    """A field must not be there."""
    return Cause(path, f"Forbidden: {text}", "FieldValueForbidden")


def invalid(path: str, value: object, text: str) -> Cause:
    """A field has a value that it cannot have."""
    return Cause(path, f"Invalid value: {orjson.dumps(value).decode()}: {text}")


_REQUIRED = "FieldValueRequired"


def has_rules(schema: Any) -> bool:
    """Whether a schema has CEL rules somewhere."""
    if isinstance(schema, dict):
        return bool(schema.get("x-kubernetes-validations")) or any(
            has_rules(child) for child in schema.values()
        )
    return isinstance(schema, list) and any(has_rules(child) for child in schema)


def structural_causes(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    """What is wrong with the schema of a whole object, which is at `path`."""
    yield from _structure(schema, path, root=True)
    metadata = (schema.get("properties") or {}).get("metadata") or {}
    if set(metadata.get("properties") or {}) - {"name", "generateName"}:
        text = (
            "must not specify anything other than name and generateName, but metadata is "
            "implicitly specified"
        )
        yield forbidden(f"{path}.properties[metadata]", text)


def _structure(schema: dict[str, Any], path: str, *, root: bool = False) -> Iterator[Cause]:
    kind = schema.get("type", "")
    free = schema.get("x-kubernetes-preserve-unknown-fields")
    either = schema.get("x-kubernetes-int-or-string")
    for name in _FORBIDDEN:
        if schema.get(name):
            yield forbidden(f"{path}.{name}", f"{name} is not supported")
    if schema.get("uniqueItems"):
        yield forbidden(f"{path}.uniqueItems", "uniqueItems cannot be set to true")
    if kind and kind not in _TYPES:
        shown = ", ".join(f'"{name}"' for name in sorted(_TYPES))
        text = f'Unsupported value: "{kind}": supported values: {shown}'
        yield Cause(f"{path}.type", text, "FieldValueNotSupported")
    if not kind and not (free or either) and not root:
        where = "array items" if path.endswith(".items") else "object fields"
        yield required(f"{path}.type", f"must not be empty for specified {where}")
    if schema.get("properties") and isinstance(schema.get("additionalProperties"), dict):
        text = "additionalProperties and properties are mutual exclusive"
        yield forbidden(f"{path}.additionalProperties", text)
    yield from _pattern(schema, path)
    yield from _lists(schema, path, kind)
    yield from _children(schema, path)
    yield from _values(schema, path)
    yield from _default(schema, path, kind)


def _default(schema: dict[str, Any], path: str, kind: str) -> Iterator[Cause]:
    """A default is of the type of its field."""
    default = schema.get("default")
    found = _type_name(default)
    if default is not None and kind and found != kind and (found, kind) != ("integer", "number"):
        text = f' in body must be of type {kind}: "{found}"'
        yield Cause(f"{path}.default", f'Invalid value: "{found}": {text}', "FieldValueTypeInvalid")


def _type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def _pattern(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    if problem := pattern_problem(schema):
        text = f"must be a valid regular expression, but isn't: {problem}"
        yield invalid(f"{path}.pattern", schema["pattern"][:200], text)


def _lists(schema: dict[str, Any], path: str, kind: str) -> Iterator[Cause]:
    if kind == "array" and not isinstance(schema.get("items"), dict):
        yield required(f"{path}.items", "must be specified")
    list_type = schema.get("x-kubernetes-list-type")
    if list_type is None:
        return
    if list_type not in _LIST_TYPES:
        shown = ", ".join(f'"{name}"' for name in _LIST_TYPES)
        text = f'Unsupported value: "{list_type}": supported values: {shown}'
        yield Cause(f"{path}.x-kubernetes-list-type", text, "FieldValueNotSupported")
    elif list_type == "map":
        keys = schema.get("x-kubernetes-list-map-keys") or []
        if not keys:
            text = "must not be empty if x-kubernetes-list-type is map"
            yield required(f"{path}.x-kubernetes-list-map-keys", text)
        items = schema.get("items") or {}
        for key in keys:
            known = (items.get("properties") or {}).get(key)
            if known is None:
                text = "entries must all be names of item properties"
                yield invalid(f"{path}.x-kubernetes-list-map-keys", key, text)
            elif key not in (items.get("required") or []) and "default" not in known:
                text = "this property is in x-kubernetes-list-map-keys, so it must have a default "
                text += "or be a required property"
                yield required(f"{path}.items.properties[{key}].default", text)


def _children(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    for name, child in (schema.get("properties") or {}).items():
        yield from _structure(child, f"{path}.properties[{name}]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _structure(schema["additionalProperties"], f"{path}.additionalProperties")
    if isinstance(schema.get("items"), dict):
        yield from _structure(schema["items"], f"{path}.items")


def _values(schema: dict[str, Any], path: str) -> Iterator[Cause]:
    """Value validations may say nothing about structure."""
    either = bool(schema.get("x-kubernetes-int-or-string"))
    for junctor in ("allOf", "anyOf", "oneOf"):
        for index, child in enumerate(schema.get(junctor) or []):
            yield from _value(child, f"{path}.{junctor}[{index}]", either=either)
    if schema.get("not"):
        yield from _value(schema["not"], f"{path}.not", either=either)


def _value(schema: dict[str, Any], path: str, *, either: bool = False) -> Iterator[Cause]:
    yield from _pattern(schema, path)
    if schema.get("type") and not either:
        yield forbidden(f"{path}.type", "must be empty to be structural")
    for name in ("default", "additionalProperties", "nullable", "description"):
        if name in schema:
            yield forbidden(f"{path}.{name}", "must be undefined to be structural")
    for name, child in (schema.get("properties") or {}).items():
        yield from _value(child, f"{path}.properties[{name}]")
    if isinstance(schema.get("items"), dict):
        yield from _value(schema["items"], f"{path}.items")
    yield from _values(schema, path)
