"""Why a process ended, from the end of its log."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import orjson

_TAIL = 32 * 1024
_LAST_LINES = 5
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class LastWords:
    """What a process said last.

    Attributes:
        message: Its error, or the last line that it wrote; empty when it wrote nothing.
        remedy: What a person can do; empty when it did not say.
    """

    message: str
    remedy: str = ""


def last_words(path: Path) -> LastWords:
    """Read the end of a log: an error with a remedy, if it is there; else the last line."""
    lines = [line for line in _tail(path).splitlines() if line.strip()]
    # What stands further up is of an earlier life.
    for line in reversed(lines[-_LAST_LINES:]):
        if (found := _structured(line)) is not None:
            return found
    return LastWords(lines[-1].strip()[:_LONGEST]) if lines else LastWords("")


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _structured(line: str) -> LastWords | None:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(entry, dict) or entry.get("level") != "error" or "error" not in entry:
        return None
    return LastWords(str(entry["error"])[:_LONGEST], str(entry.get("remedy") or ""))
