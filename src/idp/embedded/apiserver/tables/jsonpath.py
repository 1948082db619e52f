"""The JSONPath of printer columns: fields, indexes, wildcards and filters by equality.

`.spec.ports[0].port`, `.metadata.labels['app.kubernetes.io/name']`, `.items[*].name`,
`.status.conditions[?(@.type=="Ready")].status`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from idp.kernel.errors import InvalidInput

_STEP = re.compile(
    r"""\.?(?:
        \['(?P<quoted>[^']+)'\] | \["(?P<double>[^"]+)"\]
      | \[(?P<index>-?\d+)\] | \[(?P<star>\*)\]
      | \[\?\(@\.(?P<key>[\w.]+)\s*(?P<operator>==|!=)\s*["'](?P<value>[^"']*)["']\)\]
      | (?P<name>(?:[^.\[\]\\]|\\.)+)
    )""",
    re.VERBOSE,
)
_LENGTH = 1024

_Step = tuple[str, str, str]


@lru_cache(maxsize=512)
def compile_path(path: str) -> tuple[_Step, ...]:
    """Parse a path.

    Raises:
        InvalidInput: It is not in the grammar above.
    """
    text, position, steps = path.strip().strip("{}"), 0, []
    if len(text) > _LENGTH:
        raise InvalidInput("the JSONPath is too long")
    text = text.removeprefix("$")
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or match.end() == position:
            raise InvalidInput(f"{path} is not a JSONPath that this server reads")
        position = match.end()
        steps.append(_step(match))
    return tuple(steps)


def _step(match: re.Match[str]) -> _Step:
    if match["index"]:
        return ("index", match["index"], "")
    if match["star"]:
        return ("all", "", "")
    if match["key"]:
        return ("is" if match["operator"] == "==" else "not", match["key"], match["value"])
    name = match["quoted"] or match["double"] or re.sub(r"\\(.)", r"\1", match["name"])
    return ("field", name, "")


def find(value: Any, path: str) -> list[Any]:
    """All values that a path leads to."""
    found = [value]
    for step in compile_path(path):
        found = [below for item in found for below in _below(item, step)]
    return found


def _below(value: Any, step: _Step) -> list[Any]:
    kind, name, wanted = step
    if kind == "field":
        return [value[name]] if isinstance(value, dict) and name in value else []
    if kind == "all" and isinstance(value, dict):
        return list(value.values())
    if not isinstance(value, list):
        return []
    if kind == "all":
        return value
    if kind == "index":
        index = int(name)
        return [value[index]] if -len(value) <= index < len(value) else []
    matching = kind == "is"
    return [item for item in value if (_plain(item, name) == wanted) is matching]


def _plain(item: Any, path: str) -> str:
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return str(item).lower() if isinstance(item, bool) else str(item)
