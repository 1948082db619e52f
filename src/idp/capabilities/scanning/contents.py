"""From the files of an image to the components that it is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from idp.capabilities.scanning.distributions import (
    METADATA_PATH,
    Distribution,
    read_distribution,
)
from idp.capabilities.scanning.image import Image


@dataclass(frozen=True, slots=True)
class Contents:
    """What an image is made of.

    Attributes:
        distributions: Installed Python distributions, by name, version and place.
        own_files: How many files are the application's own.
        own_digest: SHA-256 over the sorted lines `<sha256>  <path>` of those, hexadecimal.
    """

    distributions: tuple[Distribution, ...]
    own_files: int
    own_digest: str


def is_metadata(path: str) -> bool:
    """Whether a file describes a distribution."""
    return METADATA_PATH.search(path) is not None


def read_contents(image: Image) -> Contents:
    """Look through an image of which the metadata files were kept.

    Raises:
        Invalid: A distribution's metadata is malformed.
    """
    found = []
    for path, file in image.files.items():
        if file.kept is not None and is_metadata(path):
            record = image.files.get(str(PurePosixPath(path).with_name("RECORD")))
            digest = record.sha256 if record else ""
            found.append(read_distribution(file.kept.read_bytes(), path, digest))
    own = sorted(path for path in image.files if image.is_own(path))
    lines = "".join(f"{image.files[path].sha256}  {path}\n" for path in own)
    return Contents(
        distributions=tuple(sorted(found, key=lambda d: (d.name, d.version, d.location))),
        own_files=len(own),
        own_digest=hashlib.sha256(lines.encode()).hexdigest(),
    )
