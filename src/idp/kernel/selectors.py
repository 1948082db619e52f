"""Label and field selectors as the Kubernetes API reads them. Pure.

Grammar: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from idp.kernel.errors import InvalidInput

_WORD = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_KEY = rf"(?P<key>(?:{_WORD}/)?{_WORD})"
_SET = re.compile(rf"^{_KEY}\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUALITY = re.compile(rf"^{_KEY}\s*(?P<operator>==|=|!=)\s*(?P<value>(?:{_WORD})?)$")
_ORDER = re.compile(rf"^{_KEY}\s*(?P<operator>[<>])\s*(?P<value>-?\d+)$")
_EXISTS = re.compile(rf"^(?P<not>!?)\s*{_KEY}$")
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^(]*\))")

Requirement = tuple[str, str, tuple[str, ...]]
"""Key, operator (`in`, `notin`, `exists`, `absent`, `<`, `>`), values."""


@lru_cache(maxsize=1024)
def parse_label_selector(selector: str) -> tuple[Requirement, ...]:
    """Parse a selector string.

    Raises:
        InvalidInput: It is not in the grammar.
    """
    requirements: list[Requirement] = []
    for part in (p.strip() for p in _COMMA_OUTSIDE_PARENTHESES.split(selector)):
        if not part:
            continue
        if match := _SET.match(part):
            values = tuple(v.strip() for v in match["values"].split(","))
            requirements.append((match["key"], match["operator"], values))
        elif match := _EQUALITY.match(part):
            operator = "notin" if match["operator"] == "!=" else "in"
            requirements.append((match["key"], operator, (match["value"],)))
        elif match := _ORDER.match(part):
            requirements.append((match["key"], match["operator"], (match["value"],)))
        elif match := _EXISTS.match(part):
            requirements.append((match["key"], "absent" if match["not"] else "exists", ()))
        else:
            raise InvalidInput(f"unable to parse requirement: {part!r}")
    return tuple(requirements)


def matches_labels(selector: str | None, labels: Mapping[str, str] | None) -> bool:
    """Whether labels meet a selector string; None and empty match everything."""
    if not selector:
        return True
    labels = labels or {}
    return all(_meets(requirement, labels) for requirement in parse_label_selector(selector))


def _meets(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    key, operator, values = requirement
    if operator == "in":
        return key in labels and labels[key] in values
    if operator == "notin":
        return key not in labels or labels[key] not in values
    if operator in ("<", ">"):
        return _ordered(labels.get(key, ""), operator, int(values[0]))
    return (key in labels) == (operator == "exists")


def _ordered(label: str, operator: str, bound: int) -> bool:
    """Whether a label is a number below or above a bound; others are neither."""
    if not re.fullmatch(r"[+-]?\d{1,19}", label, re.ASCII):
        return False
    return int(label) < bound if operator == "<" else int(label) > bound


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str] | None) -> bool:
    """Whether labels meet a `meta/v1 LabelSelector` object.

    An empty selector selects everything, None selects nothing, as in the API.
    """
    if selector is None:
        return False
    labels = labels or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}
    for expression in selector.get("matchExpressions") or []:
        operator = operators.get(expression.get("operator", ""))
        if operator is None:
            raise InvalidInput(f"{expression.get('operator')!r} is not a valid selector operator")
        values = tuple(expression.get("values") or ())
        if not _meets((expression["key"], operator, values), labels):
            return False
    return True


@lru_cache(maxsize=1024)
def parse_field_selector(selector: str) -> tuple[tuple[str, bool, str], ...]:
    """Parse `path=value,path!=value` into (path, equal, value).

    Raises:
        InvalidInput: It is not in the grammar.
    """
    requirements: list[tuple[str, bool, str]] = []
    for part in filter(None, (p.strip() for p in selector.split(","))):
        match = re.match(r"^([\w.\[\]/-]+?)\s*(==|=|!=)\s*(.*)$", part)
        if match is None:
            raise InvalidInput(f"invalid selector: '{selector}'; can't understand '{part}'")
        requirements.append((match[1], match[2] != "!=", match[3]))
    return tuple(requirements)


def matches_fields(selector: str | None, manifest: Mapping[str, Any]) -> bool:
    """Whether an object meets a field selector; a missing field counts as the empty string."""
    if not selector:
        return True
    return all(
        (_field(manifest, path) == value) is equal
        for path, equal, value in parse_field_selector(selector)
    )


def _field(manifest: Mapping[str, Any], path: str) -> str:
    value: Any = manifest
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
