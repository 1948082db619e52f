"""`successCondition` and `failureCondition` of resource templates. Pure.

The grammar is that of label selectors, over paths into the object instead of labels:
`status.phase == Succeeded, status.replicas > 2, status.x in (a, b), !status.y`. A path is a dotted
one; a number is an index of a list; `\\.` is a dot in a key. As in Argo a failure condition is met
when *one* of its requirements is, a success condition when *all* are. Variables stand for values
and are put in after parsing, so no value can change what is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from idp.embedded.workflows.substitution import VARIABLE
from idp.kernel.errors import InvalidInput

Manifest = Mapping[str, Any]
Fill = Callable[[str], str]
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^(]*\))")
_PATH = r"(?P<path>(?:[\w/-]|\\\.|\.)+)"
_SET = re.compile(rf"^{_PATH}\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_BINARY = re.compile(rf"^{_PATH}\s*(?P<operator>==|=|!=|>|<)\s*(?P<value>[^\s=!<>,()]*)$")
_EXISTS = re.compile(rf"^(?P<operator>!?)\s*{_PATH}$")
_INTEGER = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One comparison.

    Attributes:
        path: Keys and indexes.
        operator: `in`, `notin`, `>`, `<`, `exists` or `absent`.
        values: What it is compared with.
        text: As it was written, for messages.
    """

    path: tuple[str, ...]
    operator: str
    values: tuple[str, ...]
    text: str


@lru_cache(maxsize=512)
def parse_condition(text: str) -> tuple[Requirement, ...]:
    """Parse a condition.

    Raises:
        InvalidInput: It is not in the grammar; gjson queries with `#` are not supported.
    """
    parts = [part.strip() for part in _COMMA_OUTSIDE_PARENTHESES.split(text)]
    return tuple(_requirement(part) for part in parts if part)


def _requirement(text: str) -> Requirement:
    if match := _SET.match(text):
        values = tuple(value.strip() for value in match["values"].split(","))
        return Requirement(_path(match["path"]), match["operator"], values, text)
    if match := _BINARY.match(text):
        operator = {"==": "in", "=": "in", "!=": "notin"}.get(match["operator"], match["operator"])
        value = match["value"]
        if operator in "<>" and not (_INTEGER.fullmatch(value) or VARIABLE.fullmatch(value)):
            raise InvalidInput(f"{text!r} compares with something that is not an integer")
        return Requirement(_path(match["path"]), operator, (match["value"],), text)
    if match := _EXISTS.match(text):
        return Requirement(_path(match["path"]), "absent" if match[1] else "exists", (), text)
    raise InvalidInput(
        f"cannot read the condition {text!r}",
        remedy="Write a path, an operator and a value: `status.phase == Succeeded`.",
    )


def _path(text: str) -> tuple[str, ...]:
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", text))


def first_met(condition: str | None, manifest: Manifest, fill: Fill = str) -> str | None:
    """The first requirement that an object meets, as it was written; None when none is.

    Args:
        condition: None and empty have no requirement.
        manifest: The object.
        fill: Replaces the variables in a value.
    """
    for requirement in parse_condition(condition or ""):
        if _meets(requirement, manifest, fill):
            return requirement.text
    return None


def all_met(condition: str | None, manifest: Manifest, fill: Fill = str) -> bool:
    """Whether an object meets every requirement; an empty condition is met."""
    return all(_meets(r, manifest, fill) for r in parse_condition(condition or ""))


def _meets(requirement: Requirement, manifest: Manifest, fill: Fill) -> bool:
    found, text = _look_up(manifest, requirement.path)
    values = [fill(value) for value in requirement.values]
    match requirement.operator:
        case "in":
            return found and text in values
        case "notin":
            return not found or text not in values
        case "exists":
            return found
        case "absent":
            return not found
    if not _INTEGER.fullmatch(values[0]):
        raise InvalidInput(f"{requirement.text!r} compares with {values[0]!r}, not an integer")
    if not (found and _INTEGER.fullmatch(text)):
        return False
    if requirement.operator == ">":
        return int(text) > int(values[0])
    return int(text) < int(values[0])


def _look_up(manifest: Any, path: tuple[str, ...]) -> tuple[bool, str]:
    value = manifest
    for part in path:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return False, ""
    if isinstance(value, str):
        return True, value
    return True, "" if value is None else json.dumps(value)
