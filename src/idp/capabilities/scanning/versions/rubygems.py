"""Versions of RubyGems: numbers and words in turn, a word before every number.

https://docs.ruby-lang.org/en/master/Gem/Version.html
"""

from __future__ import annotations

import re

_VERSION = re.compile(r"\s*([0-9]+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?\s*")
_SEGMENT = re.compile(r"[0-9]+|[a-z]+", re.IGNORECASE)

Segment = tuple[int, int, str]
_ZERO: Segment = (1, 0, "")


def key(version: str) -> tuple[Segment, ...]:
    """Segments without what counts for nothing: zeros at the end and before the first word.

    Raises:
        ValueError: It is no version of a gem.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(version)
    text = (match.group(1) or "0").replace("-", ".pre.")
    segments = [_segment(word) for word in _SEGMENT.findall(text)]
    first = next((at for at, segment in enumerate(segments) if segment[0] == 0), len(segments))
    # The end is as good as a zero: before every other number, behind every word.
    return (*_trim(segments[:first]), *_trim(segments[first:]), _ZERO)


def _segment(word: str) -> Segment:
    return (1, int(word), "") if word.isdigit() else (0, 0, word)


def _trim(segments: list[Segment]) -> list[Segment]:
    end = len(segments)
    while end and segments[end - 1] == _ZERO:
        end -= 1
    return segments[:end]
