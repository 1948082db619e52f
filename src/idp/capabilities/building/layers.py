"""Image layers that depend on nothing but their content.

Entries are sorted, owned by root, dated at the epoch, with one of two modes; gzip has a fixed
level and no date. So the same content gives the same digest, whatever the folder, the umask and
the hour.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_LEVEL = 6
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a layer; folders follow from paths.

    Attributes:
        path: Without a leading slash.
        content: Bytes, or the file that holds them; of a link, its target.
        executable: Whether it can be run.
        link: Whether it is a symbolic link.
    """

    path: str
    content: bytes | Path | str
    executable: bool = False
    link: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """A written layer.

    Attributes:
        path: The gzip file.
        digest: Of the file.
        diff_id: Of the tar in it, as image configurations want it.
        size: Bytes of the file.
    """

    path: Path
    digest: str
    diff_id: str
    size: int


class _Hashing(io.RawIOBase):
    """Passes bytes on and counts and hashes them."""

    def __init__(self, target: BinaryIO | gzip.GzipFile) -> None:
        self._target = target
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self._hash.update(content)
        self.size += len(content)
        self._target.write(content)
        return len(content)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def write_layer(path: Path, entries: Iterable[Entry]) -> Layer:
    """Write a gzip-compressed tar. Blocks: call it in a thread."""
    with path.open("wb") as file:
        outer = _Hashing(file)
        with gzip.GzipFile(
            filename="", fileobj=outer, mode="wb", compresslevel=_LEVEL, mtime=0
        ) as compressed:
            inner = _Hashing(compressed)
            with tarfile.open(
                fileobj=inner, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_CHUNK
            ) as archive:
                _add_all(archive, sorted(entries, key=lambda entry: entry.path))
    return Layer(path, outer.digest, inner.digest, outer.size)


def _add_all(archive: tarfile.TarFile, entries: list[Entry]) -> None:
    made: set[str] = set()
    for entry in entries:
        parts = entry.path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in made:
                made.add(folder)
                information = tarfile.TarInfo(folder)
                information.type, information.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(information)
        _add(archive, entry)


def _add(archive: tarfile.TarFile, entry: Entry) -> None:
    information = tarfile.TarInfo(entry.path)
    information.mode = 0o755 if entry.executable else 0o644
    if entry.link:
        information.type, information.mode = tarfile.SYMTYPE, 0o777
        information.linkname = str(entry.content)
        archive.addfile(information)
    elif isinstance(entry.content, Path):
        with entry.content.open("rb") as file:
            information.size = entry.content.stat().st_size
            archive.addfile(information, file)
    else:
        content = entry.content.encode() if isinstance(entry.content, str) else entry.content
        information.size = len(content)
        archive.addfile(information, io.BytesIO(content))
