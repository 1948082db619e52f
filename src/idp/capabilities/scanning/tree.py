"""A source tree on disk, read without following links and within limits."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from idp.capabilities.scanning.packages import is_wanted
from idp.capabilities.scanning.packages.model import MAX_FILE_BYTES
from idp.kernel.errors import Invalid, NotFound, TooLarge

MAX_FILES = 200_000
_SKIPPED = {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox"}


def read_tree(
    folder: Path, wanted: Callable[[str], bool] = is_wanted
) -> dict[str, Callable[[], bytes]]:
    """The files of a folder that say something about packages, by path below it.

    Installed packages (`node_modules`, `.venv`) are left out: the lock files speak for them.

    Raises:
        NotFound: There is no such folder.
        TooLarge: It has too many files.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", remedy="Give the folder of a project.")
    files: dict[str, Callable[[], bytes]] = {}
    seen = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _SKIPPED)
        seen += len(names)
        if seen > MAX_FILES:
            raise TooLarge(f"{folder} has more than {MAX_FILES} files")
        for name in names:
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if wanted(relative) and path.is_file() and not path.is_symlink():
                files[relative] = partial(_read, path)
    return files


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise Invalid(f"{path} has more than {MAX_FILE_BYTES} bytes")
    return data
