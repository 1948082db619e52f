"""Versions of Alpine, as `apk-package(5)` defines `pkgver`."""

from __future__ import annotations

import re
from functools import total_ordering
from itertools import zip_longest

_VERSION = re.compile(
    r"(?P<numbers>\d+(?:\.\d+)*)(?P<letter>[a-z]?)"
    r"(?P<suffixes>(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*)"
    r"(?:~(?P<commit>[0-9a-f]+))?(?:-r(?P<revision>\d+))?",
    re.ASCII,
)
_SUFFIX = re.compile(r"_([a-z]+)(\d*)")
_BEFORE = ("alpha", "beta", "pre", "rc")
_AFTER = ("cvs", "svn", "git", "hg", "p")
_NONE = 0

Suffix = tuple[int, int]


@total_ordering
class Key:
    """A version; a number with a leading zero, but not the first, is compared as a fraction."""

    __slots__ = ("_numbers", "_rest")

    def __init__(
        self, numbers: tuple[str, ...], rest: tuple[str, tuple[Suffix, ...], str, int]
    ) -> None:
        self._numbers = numbers
        self._rest = rest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._compare(other) == 0

    def __lt__(self, other: Key) -> bool:
        return self._compare(other) < 0

    __hash__ = None  # type: ignore[assignment]  # equal ones may be written differently

    def _compare(self, other: Key) -> int:
        for at, (ours, theirs) in enumerate(zip_longest(self._numbers, other._numbers)):
            if ours is None or theirs is None:
                return -1 if ours is None else 1
            left: object = int(ours)
            right: object = int(theirs)
            if at and (ours[0] == "0" or theirs[0] == "0"):
                left, right = ours, theirs
            if left != right:
                return -1 if left < right else 1  # type: ignore[operator]
        if self._rest == other._rest:
            return 0
        return -1 if self._rest < other._rest else 1


def key(version: str) -> Key:
    """Numbers, a letter, suffixes of which some come before the release, a revision.

    Raises:
        ValueError: It is no version of Alpine.
    """
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        raise ValueError(version)
    suffixes = tuple(_suffix(*found) for found in _SUFFIX.findall(match["suffixes"]))
    revision = int(match["revision"] or 0)
    # The end of the suffixes stands between those before and those behind a release.
    rest = (match["letter"], (*suffixes, (_NONE, 0)), match["commit"] or "", revision)
    return Key(tuple(match["numbers"].split(".")), rest)


def _suffix(word: str, number: str) -> Suffix:
    rank = _BEFORE.index(word) - len(_BEFORE) if word in _BEFORE else _AFTER.index(word) + 1
    return rank, int(number or 0)
