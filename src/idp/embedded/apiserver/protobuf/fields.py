"""The notation of the message tables.

A message is one text: `number name type` for each field, separated by commas. A field without a
name is an embedded message whose fields belong to the outer object. Types:

| | |
|---|---|
| `s` `b` `i` `y` | string, bool, integer, bytes (base64 in JSON) |
| `T` `U` | time in seconds, in microseconds |
| `Q` `I` `R` | quantity, integer or string, raw JSON |
| `group.Name` | a message |
| `[x` `{x` | list, map from string |
| `Lx` | a message that only wraps a list |
| `*x` | present or absent, whatever its value |
| `x!` | always present in JSON, even when it is zero |
| `-` | skipped: a status, which does not count in the requests that we decode |

All other fields are absent in JSON when they have their zero value: Go writes those too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from idp.embedded.apiserver.protobuf.tables import (
    access,
    certificates,
    core,
    meta,
    networking,
    workloads,
)

_MESSAGES = {
    **meta.MESSAGES,
    **core.MESSAGES,
    **workloads.MESSAGES,
    **access.MESSAGES,
    **certificates.MESSAGES,
    **networking.MESSAGES,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        name: In JSON; empty for an embedded message.
        type: The type, without the marks that the other attributes stand for.
        container: `[`, `{` or empty.
        pointer: Whether a zero value counts.
        required: Whether it is written even when it is absent or zero.
    """

    name: str
    type: str
    container: str
    pointer: bool
    required: bool


@cache
def fields_of(message: str) -> dict[int, Field]:
    """The fields of a message by number."""
    return dict(_parse(text) for text in _MESSAGES[message].split(", ") if text)


def _parse(text: str) -> tuple[int, Field]:
    number, *rest = text.split(" ")
    name, type_ = rest if len(rest) == 2 else ("", rest[0])
    pointer, required = type_.startswith("*"), type_.endswith("!")
    type_ = type_.strip("*!")
    container = type_[0] if type_[0] in "[{" else ""
    type_ = type_[len(container) :]
    return int(number), Field(name, type_, container, pointer, required)
