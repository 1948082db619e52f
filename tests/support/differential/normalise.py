"""Take out of an answer what differs from run to run: uids, versions, times, addresses. Pure.

Nothing here may depend on when something was done: two runs of one server must be equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_REPLACED = {
    "uid": "<uid>",
    "resourceVersion": "<version>",
    "continue": "<token>",
    "creationTimestamp": "<time>",
    "deletionTimestamp": "<time>",
    "lastTransitionTime": "<time>",
    "lastUpdateTime": "<time>",
    "lastScheduleTime": "<time>",
    "expirationTimestamp": "<time>",
    "time": "<time>",
    "token": "<token>",
    "serverAddress": "<address>",
    "storageVersionHash": "<hash>",
    "hash": "<hash>",
}
_DROPPED = {"clusterIP", "clusterIPs", "nodePort", "remedy", "selfLink"}
_ALLOCATED = {"f:clusterIP", "f:clusterIPs"}
_PATTERNS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} UTC( m=[+-][\d.]+)?"), "<time>"),
    (re.compile(r"(resource version|resourceVersion|current): \d+"), r"\1: <version>"),
    (re.compile(r"\bgenerated-[bcdfghjklmnpqrstvwxz2-9]{5}\b"), "generated-<suffix>"),
    (re.compile(r"\bBad_[bcdfghjklmnpqrstvwxz2-9]{5}\b"), "Bad_<suffix>"),
    (re.compile(r"in record \(\d+\)"), "in record (<version>)"),
    (re.compile(r"\?hash=[0-9A-F]+"), "?hash=<hash>"),
)
_AGE = re.compile(r"\d+[smhd](\d+[smh])?")


def normalised(value: Any) -> Any:
    """A JSON value without what is particular to one run."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if name not in _DROPPED}
        return {
            name: _field(name, item)
            for name, item in kept.items()
            if not (name in _ALLOCATED and item == {})
        }
    if isinstance(value, list):
        return [normalised(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _field(name: str, value: Any) -> Any:
    if value in (None, "", 0):
        return value
    if name == "managedFields":
        # Servers order the managers by whole seconds: where one second ends is chance.
        return sorted(normalised(value), key=lambda entry: json.dumps(entry, sort_keys=True))
    if name == "causes":
        # Some come from the iteration of a map.
        return sorted(normalised(value), key=lambda cause: json.dumps(cause, sort_keys=True))
    if name == "columnDefinitions":
        # Descriptions of columns are for nobody: no client shows them.
        return [{**column, "description": ""} for column in value]
    if name == "cells":
        return [_AGE.sub("<age>", _text(c)) if isinstance(c, str) else c for c in value]
    if name in _REPLACED and isinstance(value, str):
        return _REPLACED[name]
    return normalised(value)


def _text(text: str) -> str:
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def found(value: Any, path: str) -> Any:
    """What a path leads to; None when it leads nowhere.

    Steps are parted by `/`: a field, an index, `*` for every item, or `[name=text]` for the item
    whose field (dots lead deeper) has that value, as text.
    """
    for position, step in enumerate(steps := path.split("/")):
        if step == "*":
            rest = "/".join(steps[position + 1 :])
            items = value if isinstance(value, list) else []
            return [found(item, rest) if rest else item for item in items]
        value = _below(value, step)
    return value


def _below(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if not isinstance(value, list):
        return None
    if step.startswith("["):
        name, _, wanted = step[1:-1].partition("=")
        matching = (item for item in value if str(found(item, name.replace(".", "/"))) == wanted)
        return next(matching, None)
    return value[int(step)] if int(step) < len(value) else None


def without(value: Any, names: Iterable[str]) -> Any:
    """A value without the fields of these names, anywhere in it."""
    dropped = set(names)
    if isinstance(value, dict):
        return {n: without(item, dropped) for n, item in value.items() if n not in dropped}
    return [without(item, dropped) for item in value] if isinstance(value, list) else value
