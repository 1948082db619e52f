"""Files that are whole or absent, whatever happens to the process or the machine.

Content is written beside its place, flushed to the disk, then renamed or linked, and the folder is
flushed too. A file is readable by its owner only, from its first byte on, unless told otherwise.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

PRIVATE = 0o600


def replace_file(path: Path, content: bytes, *, mode: int = PRIVATE, durable: bool = True) -> None:
    """Write a file, replacing in one step what is there.

    Args:
        path: Of the file; its folder is made when it is missing.
        content: All of it.
        mode: Of the new file.
        durable: Whether it must outlast a power cut; False is faster, for what is derived.
    """
    with _beside(path, content, mode, durable=durable) as temporary:
        temporary.replace(path)


def create_file(path: Path, content: bytes, *, mode: int = PRIVATE) -> bool:
    """Write a file unless it exists; says whether it was made.

    Of several processes that do so at once exactly one succeeds.
    """
    with _beside(path, content, mode) as temporary:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    return True


def make_folder(folder: Path) -> None:
    """Create a folder and its parents so that they last, for their owner only."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and deletions in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _beside(path: Path, content: bytes, mode: int, *, durable: bool = True) -> Iterator[Path]:
    make_folder(path.parent)
    # A leading comma is in no name that the platform gives, so it is never taken for content.
    temporary = path.with_name(f",{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        yield temporary
        if durable:
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
