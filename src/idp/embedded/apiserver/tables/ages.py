"""Durations as kubectl shows them. Pure."""

from __future__ import annotations

from datetime import datetime

from idp.kernel.clock import parse_timestamp

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def human_duration(seconds: float) -> str:
    """About three digits: `45s`, `3m20s`, `5h`, `12d`."""
    if seconds < -1:
        return "<invalid>"
    s = max(0, int(seconds))
    if s < 2 * _MINUTE:
        return f"{s}s"
    for limit, unit, name, part, part_name in (
        (10 * _MINUTE, _MINUTE, "m", 1, "s"),
        (3 * _HOUR, _MINUTE, "m", 0, ""),
        (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
        (2 * _DAY, _HOUR, "h", 0, ""),
        (8 * _DAY, _DAY, "d", _HOUR, "h"),
        (2 * _YEAR, _DAY, "d", 0, ""),
        (8 * _YEAR, _YEAR, "y", _DAY, "d"),
    ):
        if s < limit:
            rest = (s % unit) // part if part else 0
            return f"{s // unit}{name}" + (f"{rest}{part_name}" if rest else "")
    return f"{s // _YEAR}y"


def age(timestamp: object, now: datetime) -> str:
    """Time since a timestamp of the API; `<unknown>` when there is none."""
    if not isinstance(timestamp, str) or not timestamp:
        return "<unknown>"
    try:
        return human_duration((now - parse_timestamp(timestamp)).total_seconds())
    except (ValueError, TypeError):
        return "<invalid>"
