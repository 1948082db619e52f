"""Semantic Versioning 2.0.0 (https://semver.org/#spec-item-11), for npm, crates.io and Go."""

from __future__ import annotations

import re

_VERSION = re.compile(
    r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII
)
_TOOLCHAIN = re.compile(r"(\d+(?:\.\d+)+)(rc|beta)(\d+)", re.ASCII)

Identifier = tuple[int, int, str]
Key = tuple[int, int, int, int, tuple[Identifier, ...]]


def key(version: str) -> Key:
    """Numbers, then pre-releases before the release; build metadata does not count.

    Raises:
        ValueError: It is no semantic version.
    """
    match = _VERSION.fullmatch(version.strip().removeprefix("v"))
    if match is None:
        raise ValueError(version)
    major, minor, patch, before = match.groups()
    identifiers = tuple(_identifier(text) for text in before.split(".")) if before else ()
    numbers = int(major), int(minor or 0), int(patch or 0)
    return (*numbers, 0 if before else 1, identifiers)


def go_key(version: str) -> Key:
    """As above; Go itself writes its pre-releases `1.22rc1`.

    Raises:
        ValueError: It is no version of Go.
    """
    match = _TOOLCHAIN.fullmatch(version.removeprefix("go"))
    if match is None:
        return key(version.removeprefix("go"))
    return key(f"{match.group(1)}-{match.group(2)}.{match.group(3)}")


def _identifier(text: str) -> Identifier:
    """Numbers come before words."""
    if not text:
        raise ValueError("an empty identifier")
    return (0, int(text), "") if text.isdigit() else (1, 0, text)
