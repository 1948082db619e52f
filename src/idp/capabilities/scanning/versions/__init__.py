"""How each ecosystem orders its versions; one file for each order. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from idp.capabilities.scanning.versions import alpine, debian, maven, rubygems, semantic
from idp.kernel.errors import InvalidInput

Key = Any
"""What compares as the versions do; only with keys of the same ecosystem."""

_ORDERS: dict[str, Callable[[str], Key]] = {
    "PyPI": Version,
    "npm": semantic.key,
    "Go": semantic.go_key,
    "Maven": maven.key,
    "RubyGems": rubygems.key,
    "crates.io": semantic.key,
    "Debian": debian.key,
    "Alpine": alpine.key,
}
ECOSYSTEMS = tuple(_ORDERS)


def is_known(ecosystem: str) -> bool:
    """Whether versions of an ecosystem can be compared; `Debian:12` is one of Debian."""
    return ecosystem.partition(":")[0] in _ORDERS


@lru_cache(maxsize=200_000)
def version_key(ecosystem: str, version: str) -> Key:
    """What compares as the version does.

    Raises:
        InvalidInput: The ecosystem has no such version.
    """
    try:
        return _ORDERS[ecosystem.partition(":")[0]](version)
    except (ValueError, InvalidVersion) as error:
        raise InvalidInput(f"{version!r:.80} is no version of {ecosystem}") from error


def normal_name(ecosystem: str, name: str) -> str:
    """A package's name in its normal form: only PyPI has several forms of one (PEP 503)."""
    return str(canonicalize_name(name)) if ecosystem == "PyPI" else name
