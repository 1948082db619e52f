"""The part of kubectl's JSONPath that output parameters use. Pure.

`{.status.outputs.digest}`, `{.items[0].name}`, `{.metadata.labels['app.kubernetes.io/name']}`,
`{.status.conditions[?(@.type=="Ready")].status}`; text around the braces stays. Anything else
(wildcards, slices, `range`, recursive descent) is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

from idp.kernel.errors import InvalidInput, NotFound

_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_SEGMENT = re.compile(
    r"\.(?P<key>[\w-]+)"
    r"|\[(?P<index>\d+)\]"
    r"|\['(?P<quoted>[^']*)'\]"
    r"|\[\?\(@\.(?P<field>[\w-]+)\s*==\s*[\"'](?P<value>[^\"']*)[\"']\)\]"
)

Segment = tuple[str, str]


def parse_path(path: str) -> list[Segment]:
    """Read what is between the braces.

    Raises:
        InvalidInput: It uses something that is not supported.
    """
    path = path.strip().removeprefix("$")
    segments: list[Segment] = []
    position = 0
    while position < len(path):
        match = _SEGMENT.match(path, position)
        if match is None:
            if path == ".":
                return []
            raise InvalidInput(
                f"JSONPath {path!r} is not supported at {path[position:]!r}",
                remedy='Use keys, indexes and [?(@.key=="value")].',
            )
        position = match.end()
        if match["field"] is not None:
            segments.append((f"?{match['field']}", match["value"]))
        elif match["index"] is not None:
            segments.append(("[]", match["index"]))
        else:
            segments.append(("", match["key"] or match["quoted"] or ""))
    return segments


def check(template: str) -> None:
    """Refuse a template that `read` cannot do.

    Raises:
        InvalidInput: It has no expression in braces, or an unsupported one.
    """
    expressions = _TEMPLATE.findall(template)
    if not expressions:
        raise InvalidInput(f"JSONPath {template!r} has no expression in braces")
    for expression in expressions:
        parse_path(expression)


def read(template: str, value: Any) -> str:
    """Fill a template from a value; what is not a string is written as JSON.

    Raises:
        NotFound: A path leads nowhere.
        InvalidInput: See `check`.
    """
    check(template)
    return _TEMPLATE.sub(lambda match: _read(match[1], value), template)


def _read(path: str, value: Any) -> str:
    for kind, operand in parse_path(path):
        if kind == "[]" and isinstance(value, list) and int(operand) < len(value):
            value = value[int(operand)]
        elif kind == "" and isinstance(value, dict) and operand in value:
            value = value[operand]
        elif kind.startswith("?") and isinstance(value, list):
            found = [v for v in value if isinstance(v, dict) and v.get(kind[1:]) == operand]
            if not found:
                raise NotFound(f"{{{path}}} is not found in the object")
            value = found[0]
        else:
            raise NotFound(f"{{{path}}} is not found in the object")
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
