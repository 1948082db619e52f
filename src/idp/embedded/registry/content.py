"""Content by digest: `blobs/sha256/ab/<hex>`. Knows neither repositories nor rights."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from idp.kernel.files import create_file, make_folder, sync_folder


class ContentStore:
    """The files of one data folder. All methods block: call them in a thread.

    Args:
        data: The registry's folder.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self._root = data / "blobs" / "sha256"

    def path(self, digest: str) -> Path:
        """Where the content of a (valid) digest is, or would be."""
        hexadecimal = digest.removeprefix("sha256:")
        return self._root / hexadecimal[:2] / hexadecimal

    def size(self, digest: str) -> int | None:
        """Bytes; None when it is not there."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, digest: str) -> bytes:
        """Whole content; for manifests, which are small."""
        return self.path(digest).read_bytes()

    def put(self, digest: str, content: bytes) -> None:
        """Store small content whose digest is known to be right."""
        create_file(self.path(digest), content)

    def adopt(self, file: Path, digest: str) -> None:
        """Move a flushed file whose digest is known to be right into its place."""
        path = self.path(digest)
        make_folder(path.parent)
        file.rename(path)
        sync_folder(path.parent)

    def delete(self, digest: str) -> None:
        """Remove content; nothing happens when it is not there."""
        self.path(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """All content, in no order."""
        for folder in self._root.iterdir() if self._root.is_dir() else ():
            for file in folder.iterdir():
                if len(file.name) == 64:
                    yield f"sha256:{file.name}"

    def leftovers(self) -> Iterator[Path]:
        """Temporary files of writers that died."""
        yield from self._root.glob("*/,*")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in chunks."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def flush(path: Path) -> None:
    """Bring a file's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
