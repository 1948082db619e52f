"""Installed packages as entries of a layer, without traces of the machine that installed them.

An installer writes the path of its Python into scripts, and their digests into `RECORD`. Scripts
are written anew here, to run the Python that is first on `PATH` wherever the image runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.metadata import PathDistribution
from pathlib import Path

from idp.capabilities.building.layers import Entry
from idp.kernel.errors import InvalidInput

_SHEBANG = b"#!/usr/bin/env python3\n"
_LONG_SHEBANG = b"#!/bin/sh\n'''exec' "
_TRACES = frozenset((".lock", "uv_cache.json", "direct_url.json"))


def script(entry_point: str) -> bytes:
    """A command that calls `module:function`."""
    module, _, attribute = entry_point.partition(":")
    call = attribute.split(".")[0]
    return _SHEBANG + (
        f"import sys\n\nfrom {module} import {call}\n\nsys.exit({attribute}())\n".encode()
    )


def script_entries(scripts: Mapping[str, str], folder: str) -> list[Entry]:
    """The commands that a project itself defines."""
    return [
        Entry(f"{folder}/{name}", script(entry_point), executable=True)
        for name, entry_point in scripts.items()
    ]


def package_entries(installed: Path, prefix: str) -> list[Entry]:
    """The entries of a folder of installed packages. Blocks: call it in a thread.

    Args:
        installed: The folder; only read.
        prefix: Where it is in the image.
    """
    commands = _commands(installed)
    entries = script_entries(commands, f"{prefix}/bin")
    for path in _files(installed):
        relative = path.relative_to(installed).as_posix()
        if relative.startswith("bin/"):
            if relative.removeprefix("bin/") not in commands:
                entries.append(Entry(f"{prefix}/{relative}", _portable(path), executable=True))
        elif path.name == "RECORD" and path.parent.name.endswith(".dist-info"):
            entries.append(Entry(f"{prefix}/{relative}", _record(path)))
        else:
            executable = bool(path.stat().st_mode & 0o100)
            entries.append(Entry(f"{prefix}/{relative}", path, executable=executable))
    return entries


def _files(installed: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(installed):
        for name in names:
            path = Path(folder, name)
            if path.is_symlink():
                raise InvalidInput(f"{path.name}: wheels hold no links", remedy="Use another one.")
            if name not in _TRACES:
                yield path


def _commands(installed: Path) -> dict[str, str]:
    """Console scripts of all packages: name -> `module:function`."""
    return {
        entry_point.name: entry_point.value.partition("[")[0].strip()
        for information in sorted(installed.glob("*.dist-info"))
        for entry_point in PathDistribution(information).entry_points
        if entry_point.group in ("console_scripts", "gui_scripts")
    }


def _portable(path: Path) -> bytes:
    """A script that a wheel ships, with a first line that fits every machine."""
    content = path.read_bytes()
    if content.startswith(_LONG_SHEBANG):
        return _SHEBANG + content.split(b"\n", 3)[3]
    first, newline, rest = content.partition(b"\n")
    if first.startswith(b"#!") and b"python" in first and newline:
        return _SHEBANG + rest
    return content


def _record(path: Path) -> bytes:
    """The list of a package's files, sorted, without scripts and traces, which differ."""
    kept = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith(("bin/", "../"))
        and line.split(",")[0].rpartition("/")[2] not in _TRACES
    ]
    return ("\n".join(sorted(kept)) + "\n").encode()
