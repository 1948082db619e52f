"""Files that are whole or absent, whatever happens to the process or the machine.

Content is written beside its place, flushed to the disk, then renamed, and the folder is flushed
too. The storage lock is shared by everything that adds links and held alone by what removes any, so
nothing is removed that something being added relies on; it ends with the process that holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make renames and deletions in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents so that they last."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def write_file(path: Path, content: bytes) -> None:
    """Write a small file, replacing what is there."""
    with _beside(path, content) as temporary:
        temporary.rename(path)


def create_file(path: Path, content: bytes) -> bool:
    """Write a small file unless it exists; says whether it was made."""
    with _beside(path, content) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
    return True


@contextlib.contextmanager
def _beside(path: Path, content: bytes) -> Iterator[Path]:
    make_folder(path.parent)
    # A leading comma is in no name of the registry's grammar, so it is never taken for content.
    temporary = path.with_name(f",{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def storage_lock(data: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the storage lock: shared while adding, alone while removing. Not reentrant."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
