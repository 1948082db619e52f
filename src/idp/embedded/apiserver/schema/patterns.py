"""`pattern` of a schema: Go's regular expressions, checked once, matched in linear time.

The schema library reads the ECMA dialect on an engine that never backtracks, as Go's does; the few
spellings that only Go has are rewritten. A pattern that would compile to something huge is refused:
the time of a match grows with the text and with that size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import RegexOptions

_SIZE = 4 * 1024 * 1024
"""Bytes of a compiled pattern."""
_REPEATS = 1000
"""Go's own limit of `{n}`."""
_REPEAT = re.compile(r"(?<!\\)\{(\d+)(?:,(\d*))?\}")
_GO_ONLY = re.compile(r"\\.|\(\?P<", re.DOTALL)
_REWRITTEN = {"(?P<": "(?<", r"\z": "$", r"\A": "^"}


def pattern_options() -> RegexOptions:
    """How the schema library compiles patterns."""
    import jsonschema_rs

    return jsonschema_rs.RegexOptions(size_limit=_SIZE)


def from_go(pattern: str) -> str:
    """A pattern in the words of the schema library."""
    return _GO_ONLY.sub(lambda match: _REWRITTEN.get(match[0], match[0]), pattern)


def pattern_problem(schema: Mapping[str, Any]) -> str | None:
    """Why the `pattern` of a schema cannot be used; None when it can, or there is none."""
    pattern = schema.get("pattern")
    if not pattern:
        return None
    import jsonschema_rs

    counts = [int(n) for match in _REPEAT.finditer(pattern) for n in match.groups() if n]
    if any(count > _REPEATS for count in counts):
        return f"invalid repeat count: at most {_REPEATS}"
    try:
        jsonschema_rs.Draft4Validator(
            {"pattern": from_go(pattern)}, pattern_options=pattern_options()
        )
    except (jsonschema_rs.ValidationError, ValueError):
        return "error parsing regexp, or it compiles to something too large"
    return None
