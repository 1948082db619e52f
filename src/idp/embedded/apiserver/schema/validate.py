"""Validate custom objects against their structural schema, in the words of the real server.

jsonschema-rs decides; Python walks only to word errors and to check what JSON Schema cannot say
(unique items of `set` and `map` lists).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from idp.embedded.apiserver.schema.formats import FORMATS
from idp.embedded.apiserver.schema.node import Node
from idp.embedded.apiserver.schema.patterns import from_go, pattern_options
from idp.kernel.errors import Cause

_PASSED_ON = [
    "type",
    "format",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "uniqueItems",
    "required",
]


def json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite a structural schema as JSON Schema draft 4."""
    result: dict[str, Any] = {name: schema[name] for name in _PASSED_ON if name in schema}
    if "pattern" in result:
        result["pattern"] = from_go(result["pattern"])
    if schema.get("x-kubernetes-int-or-string"):
        result["type"] = ["integer", "string"]
    if schema.get("nullable"):
        if "type" in result:
            kinds = result["type"] if isinstance(result["type"], list) else [result["type"]]
            result["type"] = [*kinds, "null"]
        if "enum" in result:
            result["enum"] = [*result["enum"], None]
    if properties := schema.get("properties"):
        result["properties"] = {name: json_schema(child) for name, child in properties.items()}
    if isinstance(schema.get("additionalProperties"), Mapping):
        result["additionalProperties"] = json_schema(schema["additionalProperties"])
    if isinstance(schema.get("items"), Mapping):
        result["items"] = json_schema(schema["items"])
    for junctor in ("allOf", "anyOf", "oneOf"):
        if schema.get(junctor):
            result[junctor] = [json_schema(child) for child in schema[junctor]]
    if schema.get("not"):
        result["not"] = json_schema(schema["not"])
    return result


class SchemaValidator:
    """One compiled schema."""

    def __init__(self, schema: Mapping[str, Any], node: Node) -> None:
        import jsonschema_rs  # loaded with the first custom kind, not with the server

        self._validator = jsonschema_rs.Draft4Validator(
            json_schema(schema),
            validate_formats=True,
            formats=FORMATS,
            pattern_options=pattern_options(),
        )
        self._node = node
        self._has_unique_lists = _any(node, lambda place: place.list_type != "atomic")
        self._embeds = _any(node, lambda place: place.embedded)

    def validate(self, manifest: Any) -> list[Cause]:
        """What is wrong with an object; empty when nothing is."""
        causes: list[Cause] = []
        if not self._validator.is_valid(manifest):
            for error in self._validator.iter_errors(manifest):
                causes += _words(error)
        if self._embeds:
            causes += _unidentified(manifest, self._node, "")
        if self._has_unique_lists:
            causes += _duplicates(manifest, self._node, "")
        return causes


def _path(parts: list[str | int]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return orjson.dumps(value).decode() if isinstance(value, str | bool) else str(value)


_JSON_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    return _JSON_NAMES.get(type(value), "number")


def _invalid(path: str, value: Any, text: str) -> Cause:
    return Cause(path, f"Invalid value: {_shown(value)}: {text}", "FieldValueInvalid")


def _words(error: Any) -> list[Cause]:
    """An error; of alternatives also why the nearest one does not hold."""
    branches = getattr(error.kind, "context", None) or []
    nearest: list[Any] = min(branches, key=len, default=[])
    return [*_word_with_more(error), *(_word(below) for below in nearest)]


def _word_with_more(error: Any) -> Iterator[Cause]:
    """An error with what the real server says besides."""
    yield _word(error)
    where, schema_path = _path(error.instance_path), list(error.schema_path)
    if error.kind.name == "type" and type(error.instance) is float:
        text = f"Checked value must be of type integer (default format) in {where}"
        yield _invalid("<nil>", "", text)
    if schema_path[-3:-2] == ["allOf"]:
        yield _invalid("<nil>", "", f'"{where}" must validate all the schemas (allOf)')


def _word(error: Any) -> Cause:
    path, kind, value = _path(error.instance_path), error.kind, error.instance
    field = path or "<nil>"
    match kind.name:
        case "required":
            field = _path([*error.instance_path, kind.property])
            return Cause(field, "Required value", "FieldValueRequired")
        case "type":
            wanted = kind.types if isinstance(kind.types, list) else [kind.types]
            named = [name for name in wanted if name != "null"]
            expected = named[0] if len(named) == 1 else "integer,string"
            found = _type_name(value)
            text = f'{field} in body must be of type {expected}: "{found}"'
            return Cause(path, f'Invalid value: "{found}": {text}', "FieldValueTypeInvalid")
        case "enum":
            values = ", ".join(_shown(option) for option in kind.options)
            text = f"Unsupported value: {_shown(value)}: supported values: {values}"
            return Cause(path, text, "FieldValueNotSupported")
        case "maxLength":
            text = f"Too long: may not be more than {kind.limit} bytes"
            return Cause(path, text, "FieldValueTooLong")
        case "maxItems" | "maxProperties":
            text = f"Too many: {len(value)}: must have at most {kind.limit} items"
            return Cause(path, text, "FieldValueTooMany")
        case _:
            return _word_range(error, path, field)


def _word_range(error: Any, path: str, field: str) -> Cause:
    kind, value = error.kind, error.instance
    match kind.name:
        case "pattern":
            return _invalid(path, value, f"{field} in body should match '{kind.pattern}'")
        case "format":
            shown = _shown(value)
            text = f"{field} in body must be of type {kind.format}: {shown}"
            return Cause(path, f"Invalid value: {shown}: {text}", "FieldValueTypeInvalid")
        case "multipleOf":
            text = f"{field} in body should be a multiple of {kind.multiple_of:g}"
            return _invalid(path, value, text)
        case "minLength":
            text = f"{field} in body should be at least {kind.limit} chars long"
            return _invalid(path, value, text)
        case "minItems":
            text = f"{field} in body should have at least {kind.limit} items"
            return _invalid(path, len(value), text)
        case "minProperties":
            text = f"{field} in body should have at least {kind.limit} properties"
            return _invalid(path, len(value), text)
        case "minimum":
            text = f"{field} in body should be greater than or equal to {kind.limit}"
            return _invalid(path, value, text)
        case "maximum":
            text = f"{field} in body should be less than or equal to {kind.limit}"
            return _invalid(path, value, text)
        case "exclusiveMinimum":
            return _invalid(path, value, f"{field} in body should be greater than {kind.limit}")
        case "exclusiveMaximum":
            return _invalid(path, value, f"{field} in body should be less than {kind.limit}")
        case "oneOfNotValid" | "oneOf" | "oneOfMultipleValid":
            found = "more than one" if "Multiple" in type(kind).__name__ else "none"
            text = f'"{path}" must validate one and only one schema (oneOf). Found {found} valid'
            return _invalid("<nil>", "", text)
        case "anyOf":
            return _invalid("<nil>", "", f'"{path}" must validate at least one schema (anyOf)')
        case "not":
            return _invalid("<nil>", "", f'"{path}" must not validate the schema (not)')
        case _:
            return _invalid(path, value, f"{field} in body: {error.message}")


def _any(node: Node, holds: Callable[[Node], bool]) -> bool:
    """Whether something holds for a place of a schema; `metadata` has checks of its own."""
    if holds(node):
        return True
    named = [child for name, child in node.properties.items() if name != "metadata"]
    return any(_any(child, holds) for child in [*named, node.additional, node.items] if child)


def _unidentified(value: Any, node: Node, path: str) -> Iterator[Cause]:
    """Embedded objects that do not say what they are."""
    if isinstance(value, dict):
        if node.embedded:
            for name in ("apiVersion", "kind"):
                if not value.get(name):
                    yield Cause(f"{path}.{name}", "Required value", "FieldValueRequired")
        for name, item in value.items():
            child = node.child(name)
            if child is not None:
                yield from _unidentified(item, child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unidentified(item, node.item, f"{path}[{index}]")


def _duplicates(value: Any, node: Node, path: str) -> Iterator[Cause]:
    if isinstance(value, dict):
        for name, item in value.items():
            child = node.child(name)
            if child is not None:
                yield from _duplicates(item, child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        if node.list_type != "atomic":
            yield from _duplicate_items(value, node, path)
        for index, item in enumerate(value):
            yield from _duplicates(item, node.item, f"{path}[{index}]")


def _duplicate_items(items: list[Any], node: Node, path: str) -> Iterator[Cause]:
    seen: set[bytes] = set()
    for index, item in enumerate(items):
        identity = item
        if node.list_type == "map":
            if not isinstance(item, dict):
                continue
            identity = {key: item.get(key) for key in node.map_keys}
        encoded = orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)
        if encoded in seen:
            text = f"Duplicate value: {encoded.decode()}"
            yield Cause(f"{path}[{index}]", text, "FieldValueDuplicate")
        seen.add(encoded)
