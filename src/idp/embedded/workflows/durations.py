"""Durations as Argo writes them: a number of seconds, or Go's `1h30m`. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from idp.kernel.errors import InvalidInput

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_LONGEST = timedelta(days=3650)


def parse_duration(text: str) -> timedelta:
    """Read a duration.

    Raises:
        InvalidInput: It is neither a number nor a Go duration, or over ten years.
    """
    text = text.strip()
    if re.fullmatch(r"\d{1,9}", text):
        seconds = float(text)
    elif text and re.fullmatch(rf"(?:{_PART.pattern})+", text):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    else:
        raise InvalidInput(f"{text!r} is not a duration", remedy="Write seconds (`90`) or `1m30s`.")
    if seconds > _LONGEST.total_seconds():
        raise InvalidInput(f"{text!r} is longer than ten years")
    return timedelta(seconds=seconds)
