"""Packages of all ecosystems in an image or a source tree; one file for each ecosystem."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from idp.capabilities.scanning.packages import alpine, debian, golang, java, node, python
from idp.capabilities.scanning.packages.model import Files, Found

_CATALOGUERS = (python, node, golang, java, debian, alpine)


def is_wanted(path: str) -> bool:
    """Whether the content of a file says something about packages."""
    return any(cataloguer.reads(path) for cataloguer in _CATALOGUERS)


def catalogue(files: Files, *, installed: bool) -> Found:
    """Look for packages.

    Args:
        files: What there is, by path without a leading slash; contents are read when asked for.
        installed: Whether this is an image, in which what is unpacked counts; in a source tree
            lock files and manifests do.
    """
    found = Found()
    for cataloguer in _CATALOGUERS:
        own = {path: files[path] for path in sorted(files) if cataloguer.reads(path)}
        if own:
            found |= cataloguer.find(own, installed=installed)
    return found.once()


def read_all(files: Mapping[str, bytes]) -> Files:
    """Contents that are at hand."""
    return {path: partial(bytes, data) for path, data in files.items()}
