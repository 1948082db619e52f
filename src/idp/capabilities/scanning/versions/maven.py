"""Versions of Maven: https://maven.apache.org/pom.html#version-order-specification"""

from __future__ import annotations

import re
from functools import total_ordering
from itertools import zip_longest

_TOKEN = re.compile(r"([.\-_]?)([0-9]+|[^0-9.\-_]+|)")
_QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_ALIASES = {"cr": "rc", "ga": "", "final": "", "release": ""}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}

Token = tuple[str, str]
"""What separates it from the one before, `.` or `-`, and its text."""


@total_ordering
class Key:
    """A version; compares by the specification, which pads the shorter one."""

    __slots__ = ("_tokens",)

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._compare(other) == 0

    def __lt__(self, other: Key) -> bool:
        return self._compare(other) < 0

    __hash__ = None  # type: ignore[assignment]  # equal ones may be written differently

    def _compare(self, other: Key) -> int:
        for ours, theirs in zip_longest(self._tokens, other._tokens):
            if ours == theirs:
                continue
            left = _rank(ours or _padding(theirs))
            right = _rank(theirs or _padding(ours))
            if left != right:
                return -1 if left < right else 1
        return 0


def key(version: str) -> Key:
    """Tokens without those at the end that say nothing.

    Raises:
        ValueError: It is empty, or over 200 characters.
    """
    text = version.strip().lower()
    if not text or len(text) > 200:
        raise ValueError(version)
    return Key(tuple(_trim(_tokens(text))))


def _tokens(text: str) -> list[Token]:
    """Split at separators and between digits and letters, where a hyphen is as good as written."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None
        separator, word = match.groups()
        between = not separator and at > 0
        at = match.end()
        mark = "-" if separator in ("-", "_") or between else "."
        follows = at < len(text) and text[at].isdigit()
        tokens.append((mark, _normal(word or "0", follows)))
    return tokens


def _normal(word: str, before_digit: bool) -> str:
    if word.isdigit():
        return str(int(word))
    if before_digit and word in _SHORT:
        return _SHORT[word]
    return _ALIASES.get(word, word)


def _trim(tokens: list[Token]) -> list[Token]:
    """Null values at the end, and before each hyphen, count for nothing."""
    kept: list[Token] = []
    for token in tokens:
        if token[0] == "-":
            kept = _without_nulls(kept)
        kept.append(token)
    return _without_nulls(kept)


def _without_nulls(tokens: list[Token]) -> list[Token]:
    end = len(tokens)
    while end > 1 and tokens[end - 1][1] in ("0", ""):
        end -= 1
    return tokens[:end]


def _padding(other: Token | None) -> Token:
    """What a missing token is compared as: it has the separator of the other one."""
    assert other is not None
    return (other[0], "0" if other[1].isdigit() and other[0] == "." else "")


def _rank(token: Token) -> tuple[int, int, str]:
    """`.word` = `-word` < `-number` < `.number`, and words in their own order."""
    separator, text = token
    if text.isdigit():
        return (2 if separator == "." else 1, int(text), "")
    if text in _QUALIFIERS:
        return (0, _QUALIFIERS.index(text), "")
    return (0, len(_QUALIFIERS), text)
