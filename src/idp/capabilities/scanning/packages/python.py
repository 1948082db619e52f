"""Python in source trees: the lock files of uv, Poetry and PEP 751, and pinned requirements. Pure.

Installed distributions of images are read by `distributions`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from idp.capabilities.scanning.packages.model import (
    Files,
    Found,
    Package,
    collect,
    package_url,
)

ECOSYSTEM = "PyPI"
_LOCKS = ("uv.lock", "poetry.lock")
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml$")
_REQUIREMENTS = re.compile(r"requirements[^/]*\.txt$")


def reads(path: str) -> bool:
    """Lock files and requirements."""
    name = PurePosixPath(path).name
    return name in _LOCKS or bool(_PYLOCK.fullmatch(name) or _REQUIREMENTS.fullmatch(name))


def find(files: Files, *, installed: bool) -> Found:
    """Read them; in an image installed distributions count instead."""
    found = Found()
    if installed:
        return found
    for path, read in files.items():
        try:
            found |= _read(path, read())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found |= collect((), gaps=[f"{path} cannot be read: {error}"])
    return found


def _read(path: str, data: bytes) -> Found:
    text = data.decode()
    if path.endswith(".txt"):
        return _requirements(path, text)
    entries = tomllib.loads(text)
    return _lock(path, entries.get("package") or entries.get("packages") or [])


def _lock(path: str, entries: list[dict[str, Any]]) -> Found:
    known: dict[str, list[str]] = {}
    packages = []
    for entry in entries:
        if "version" not in entry or _is_own(entry):
            continue
        package = _package(entry["name"], entry["version"], path)
        known.setdefault(_normal(entry["name"]), []).append(package.purl)
        packages.append(package)
    needs: dict[str, list[str]] = {}
    for entry in entries:
        if "version" in entry and not _is_own(entry):
            purl = _purl(_normal(entry["name"]), entry["version"])
            needs[purl] = [need for name in _needed(entry) for need in known.get(name, [])]
    return collect(packages, needs)


def _is_own(entry: dict[str, Any]) -> bool:
    """The project itself: uv says `editable` or `virtual`, PEP 751 `directory`."""
    source = entry.get("source") or {}
    return bool({"editable", "virtual", "directory"} & set(source)) or "directory" in entry


def _needed(entry: dict[str, Any]) -> Iterator[str]:
    needed = entry.get("dependencies") or []
    for need in needed:
        yield _normal(need["name"] if isinstance(need, dict) else need)


def _requirements(path: str, text: str) -> Found:
    """Pins (`==`); what is not pinned has no version and is told as a gap."""
    packages, loose = [], []
    for line in text.replace("\\\n", " ").splitlines():
        words = line.partition(" #")[0].partition(" --hash")[0].strip()
        if not words or words.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(words)
        except InvalidRequirement:
            loose.append(words[:80])
            continue
        pins = [s.version for s in requirement.specifier if s.operator in ("==", "===")]
        if len(pins) == 1 and not pins[0].endswith("*"):
            packages.append(_package(requirement.name, pins[0], path))
        else:
            loose.append(requirement.name)
    gaps = [f"{path} does not pin {', '.join(sorted(loose)[:5])}"] if loose else []
    return collect(packages, gaps=gaps)


def _package(name: str, version: str, path: str) -> Package:
    normal = _normal(name)
    return Package(ECOSYSTEM, normal, version, _purl(normal, version), location=path)


def _purl(name: str, version: str) -> str:
    return package_url("pypi", name, version)


def _normal(name: str) -> str:
    return str(canonicalize_name(name))
