"""The words of the real server for what is wrong with a field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from idp.kernel.errors import Cause


def required(field: str, text: str = "") -> Cause:
    """A field must be there."""
    return Cause(field, "Required value" + (f": {text}" if text else ""), "FieldValueRequired")


def invalid(field: str, value: Any, text: str) -> Cause:
    """A field has a value that it cannot have."""
    shown = orjson.dumps(value).decode()
    return Cause(field, f"Invalid value: {shown}: {text}", "FieldValueInvalid")


def unsupported(field: str, value: str, values: Sequence[str]) -> Cause:
    """A field has a value that is none of those that it may have."""
    supported = ", ".join(f'"{known}"' for known in values)
    text = f'Unsupported value: "{value}": supported values: {supported}'
    return Cause(field, text, "FieldValueNotSupported")


def forbidden(field: str, text: str) -> Cause:
    """A field must not be there, or not be changed."""
    return Cause(field, f"Forbidden: {text}", "FieldValueForbidden")


def duplicate(field: str, value: str) -> Cause:
    """A value is there twice."""
    return Cause(field, f'Duplicate value: "{value}"', "FieldValueDuplicate")


def negative(field: str, value: int) -> Iterator[Cause]:
    """A number must not be negative."""
    if value < 0:
        text = f"Invalid value: {value}: must be greater than or equal to 0"
        yield Cause(field, text, "FieldValueInvalid")
