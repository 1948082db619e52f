"""From the files of an image to the components that it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

from idp.capabilities.scanning.distributions import (
    METADATA_PATH,
    Distribution,
    read_distribution,
)
from idp.capabilities.scanning.image import Image
from idp.capabilities.scanning.packages import catalogue, is_wanted
from idp.capabilities.scanning.packages.golang import BUILD_INFO_SUFFIX
from idp.capabilities.scanning.packages.model import Files, Found


@dataclass(frozen=True, slots=True)
class Contents:
    """What an image is made of.

    Attributes:
        distributions: Installed Python distributions, by name, version and place.
        own_files: How many files are the application's own.
        own_digest: SHA-256 over the sorted lines `<sha256>  <path>` of those, hexadecimal.
        found: Packages of all other ecosystems.
    """

    distributions: tuple[Distribution, ...]
    own_files: int
    own_digest: str
    found: Found = field(default_factory=Found)


def is_metadata(path: str) -> bool:
    """Whether a file describes a distribution or another package."""
    return METADATA_PATH.search(path) is not None or is_wanted(path)


def read_contents(image: Image) -> Contents:
    """Look through an image of which the metadata files were kept.

    Raises:
        Invalid: A distribution's metadata is malformed.
    """
    found = []
    for path, file in image.files.items():
        if file.kept is not None and METADATA_PATH.search(path):
            record = image.files.get(str(PurePosixPath(path).with_name("RECORD")))
            digest = record.sha256 if record else ""
            found.append(read_distribution(file.kept.read_bytes(), path, digest))
    own = sorted(path for path in image.files if image.is_own(path))
    lines = "".join(f"{image.files[path].sha256}  {path}\n" for path in own)
    return Contents(
        distributions=tuple(sorted(found, key=lambda d: (d.name, d.version, d.location))),
        own_files=len(own),
        own_digest=hashlib.sha256(lines.encode()).hexdigest(),
        found=catalogue(_files(image), installed=True),
    )


def _files(image: Image) -> Files:
    """What catalogues read: kept files, and what was cut out of Go's binaries."""
    files: dict[str, Callable[[], bytes]] = {}
    for path, file in image.files.items():
        if file.kept is not None:
            files[path] = file.kept.read_bytes
        if file.build_info:
            files[f"{path}{BUILD_INFO_SUFFIX}"] = partial(bytes, file.build_info)
    return files
