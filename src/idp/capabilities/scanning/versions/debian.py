"""Debian's versions: https://www.debian.org/doc/debian-policy/ch-controlfields.html#version"""

from __future__ import annotations

import re

_PART = re.compile(r"([^0-9]*)([0-9]*)")
_ALLOWED = re.compile(r"[A-Za-z0-9.+~:_-]*", re.ASCII)
_END = 0

Part = tuple[tuple[int, ...], int]
_NOTHING: Part = ((_END,), 0)
Key = tuple[int, tuple[Part, ...], tuple[Part, ...]]


def key(version: str) -> Key:
    """Epoch, upstream version, revision.

    Raises:
        ValueError: It is empty, holds other characters, or its epoch is no number.
    """
    text = version.strip()
    if not text or not _ALLOWED.fullmatch(text):
        raise ValueError(version)
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, "0"
    return int(epoch), _parts(upstream), _parts(revision)


def _parts(text: str) -> tuple[Part, ...]:
    """Letters and numbers in turn; the end stands between `~` and everything else."""
    parts: list[Part] = [
        ((*(_weight(letter) for letter in letters), _END), int(digits or 0))
        for letters, digits in _PART.findall(text)
        if letters or digits
    ]
    return (*parts, _NOTHING)


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 256
