"""Go: go.mod with go.sum in source trees, build information inside of binaries. Pure.

https://go.dev/ref/mod#go-mod-file and https://pkg.go.dev/debug/buildinfo. From Go 1.18 on a binary
holds, behind a magic and two flags, its Go version and the list of modules as texts with a length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from idp.capabilities.scanning.packages.model import (
    Files,
    Found,
    Package,
    collect,
    package_url,
)

ECOSYSTEM = "Go"
BUILD_INFO_MAGIC = b"\xff Go buildinf:"
MAX_BUILD_INFO_BYTES = 2**20
BUILD_INFO_SUFFIX = ".go-buildinfo"
"""Added to a binary's path for what `layers` cut out of it."""

_INLINE = 2
_HEADER = 32
_REQUIRE = re.compile(r"^\s*(?:require\s+)?(\S+)\s+(v\S+)(?:\s*//\s*(.*))?$")
_REPLACE = re.compile(r"^\s*(?:replace\s+)?(\S+)(?:\s+v\S+)?\s+=>\s+(\S+)(?:\s+(v\S+))?\s*$")


def reads(path: str) -> bool:
    """Module files, and what was cut out of binaries."""
    return PurePosixPath(path).name == "go.mod" or path.endswith(BUILD_INFO_SUFFIX)


def find(files: Files, *, installed: bool) -> Found:
    """Read binaries in an image, module files in a source tree."""
    found = Found()
    for path, read in files.items():
        is_binary = path.endswith(BUILD_INFO_SUFFIX)
        if is_binary != installed:
            continue
        place = path.removesuffix(BUILD_INFO_SUFFIX)
        try:
            found |= _of_binary(place, read()) if is_binary else _of_module(place, read().decode())
        except (ValueError, IndexError) as error:
            found |= collect((), gaps=[f"{place} cannot be read: {error}"])
    return found


def build_information(data: bytes) -> tuple[str, str]:
    """Go's version and the list of modules, from the magic on.

    Raises:
        ValueError: It was built by a Go older than 1.18, or is cut off.
    """
    if not data.startswith(BUILD_INFO_MAGIC) or len(data) < _HEADER:
        raise ValueError("there is no build information")
    if not data[15] & _INLINE:
        raise ValueError("it was built by a Go older than 1.18, which lists modules otherwise")
    version, end = _text(data, _HEADER)
    modules, _ = _text(data, end)
    text = modules[16:-16] if len(modules) >= 33 and modules[-17] == ord("\n") else modules
    return version.decode(), text.decode()


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    length, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    if at + length > len(data):
        raise ValueError("its build information is cut off")
    return data[at : at + length], at + length


def _of_binary(path: str, data: bytes) -> Found:
    version, text = build_information(data)
    packages = []
    if version.startswith("go1"):
        packages.append(_package("stdlib", version.removeprefix("go").partition(" ")[0], path))
    pending: tuple[str, str] | None = None
    for line in text.splitlines():
        kind, *fields = line.split("\t")
        if kind not in ("dep", "=>") or len(fields) < 2:
            continue
        if kind == "dep":
            if pending:
                packages.append(_package(*pending, path))
            pending = (fields[0], fields[1])
        elif pending:  # what was built in its place
            pending = (fields[0], fields[1])
    if pending:
        packages.append(_package(*pending, path))
    return collect(packages)


def _of_module(path: str, text: str) -> Found:
    """Direct and indirect requirements, which are all of them from Go 1.17 on."""
    needed = {name: (version, note) for name, version, note in _requirements(text)}
    local = []
    for old, new, version in _replacements(text):
        if old not in needed:
            continue
        _, note = needed.pop(old)
        if version:
            needed[new] = (version, note)
        else:
            local.append(old)
    packages = [_package(name, version, path) for name, (version, _) in needed.items()]
    direct = {p.purl for p in packages if "indirect" not in needed[p.name][1]}
    gaps = [f"{path} takes {', '.join(local[:5])} from a folder"] if local else []
    found = collect(packages, gaps=gaps)
    return Found(found.packages, {}, frozenset(direct), gaps=found.gaps)


def _statements(text: str, word: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        words = line.strip()
        if words.startswith(f"{word} (") or words == f"{word}(":
            inside = True
        elif inside and words.startswith(")"):
            inside = False
        elif inside or words.startswith(f"{word} "):
            yield words


def _requirements(text: str) -> Iterator[tuple[str, str, str]]:
    for words in _statements(text, "require"):
        if match := _REQUIRE.match(words):
            yield match.group(1).strip('"'), match.group(2), match.group(3) or ""


def _replacements(text: str) -> Iterator[tuple[str, str, str]]:
    for words in _statements(text, "replace"):
        if match := _REPLACE.match(words.partition("//")[0]):
            yield match.group(1), match.group(2), match.group(3) or ""


def _package(name: str, version: str, path: str) -> Package:
    return Package(ECOSYSTEM, name, version, package_url("golang", name, version), location=path)
