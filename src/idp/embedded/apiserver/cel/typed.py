"""JSON values as the CEL types that a schema gives them. Pure.

A `number` that was written without a decimal point is a double all the same, a `date-time` is a
timestamp, a `duration` is a duration and a `byte` string is bytes. Everything else stays as it is.
"""

from __future__ import annotations

import base64
import datetime
import re
from collections.abc import Callable
from typing import Any

from idp.kernel.resource import Manifest

Converter = Callable[[Any], Any]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def converter(schema: Manifest) -> Converter | None:
    """What converts the values of a schema; None when they are right as they are."""
    kind = schema.get("type")
    if kind == "number":
        return lambda value: float(value) if isinstance(value, int) else value
    if kind == "string":
        return _STRINGS.get(schema.get("format", ""))
    if kind == "array":
        return _list_converter(schema.get("items") or {})
    if kind == "object":
        return _object_converter(schema)
    return None


def _list_converter(items: Manifest) -> Converter | None:
    convert = converter(items)
    if convert is None:
        return None
    return lambda value: [convert(item) for item in value] if isinstance(value, list) else value


def _object_converter(schema: Manifest) -> Converter | None:
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict) and (convert := converter(additional)) is not None:
        return lambda value: (
            {k: convert(v) for k, v in value.items()} if isinstance(value, dict) else value
        )
    members = {
        name: convert
        for name, member in (schema.get("properties") or {}).items()
        if (convert := converter(member)) is not None
    }
    if not members:
        return None

    def convert_members(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: members[k](v) if k in members else v for k, v in value.items()}

    return convert_members


def parse_duration(text: str) -> datetime.timedelta:
    """Read a duration as Go writes it, such as `1h30m` or `-1.5s`.

    Raises:
        ValueError: It is not a duration.
    """
    unsigned = text.lstrip("+-")
    parts = _DURATION.findall(unsigned)
    if "".join(number + unit for number, unit in parts) != unsigned or not parts:
        raise ValueError(f"invalid duration {text!r}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return datetime.timedelta(seconds=-seconds if text.startswith("-") else seconds)


def _timestamp(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _or_unchanged(parse: Callable[[str], Any]) -> Converter:
    """A value that its format does not fit is for the schema validation to refuse, not for us."""

    def convert(value: Any) -> Any:
        try:
            return parse(value) if isinstance(value, str) else value
        except ValueError:
            return value

    return convert


_STRINGS: dict[str, Converter] = {
    "date-time": _or_unchanged(_timestamp),
    "date": _or_unchanged(_timestamp),
    "duration": _or_unchanged(parse_duration),
    "byte": _or_unchanged(lambda text: base64.b64decode(text, validate=True)),
}
