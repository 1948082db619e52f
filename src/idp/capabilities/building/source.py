"""The source tree as a build sees it: listed without following links, capped in size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from idp.kernel.errors import InvalidInput, TooLarge

IGNORED = frozenset(
    (".git", ".venv", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules")
)
"""Folders that never belong into an image."""

MAX_FILES = 20_000
MAX_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file or link.

    Attributes:
        path: Relative to the root, with `/`.
        size: Bytes; 0 for a link.
        executable: Whether its owner may run it.
        link: Where a symbolic link points to; empty for a file.
    """

    path: str
    size: int
    executable: bool
    link: str = ""


@dataclass(frozen=True)
class SourceTree:
    """A listed tree.

    Attributes:
        root: The folder.
        files: All of it, sorted by path.
    """

    root: Path
    files: tuple[SourceFile, ...]

    def paths(self) -> frozenset[str]:
        """Paths of the regular files. Links do not count: nothing is read through them."""
        return frozenset(file.path for file in self.files if not file.link)

    def read(self, path: str, limit: int) -> str | None:
        """A small text file; None when there is none.

        Raises:
            TooLarge: It is larger than `limit` bytes.
            InvalidInput: It is not UTF-8.
        """
        if path not in self.paths():
            return None
        descriptor = os.open(self.root / path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise TooLarge(f"{path} is larger than {limit} bytes", remedy="Make it smaller.")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path} is not UTF-8 text", remedy="Save it as UTF-8.") from error


def scan(root: Path) -> SourceTree:
    """List a tree.

    Raises:
        TooLarge: It has too many files or bytes.
        InvalidInput: It holds something that is neither file, folder nor a link inside the tree.
    """
    files: list[SourceFile] = []
    total = 0
    for file in _walk(root, ""):
        files.append(file)
        total += file.size
        if len(files) > MAX_FILES or total > MAX_BYTES:
            raise TooLarge(
                f"the source has more than {MAX_FILES} files or {MAX_BYTES // 2**20} MiB",
                remedy="Keep data and build results out of the repository.",
            )
    return SourceTree(root, tuple(sorted(files, key=lambda file: file.path)))


def _walk(root: Path, prefix: str) -> Iterator[SourceFile]:
    with os.scandir(root / prefix) as entries:
        for entry in entries:
            path = f"{prefix}{entry.name}"
            information = entry.stat(follow_symlinks=False)
            if stat.S_ISLNK(information.st_mode):
                yield SourceFile(path, 0, False, _inside(root, path))
            elif stat.S_ISDIR(information.st_mode):
                if entry.name not in IGNORED:
                    yield from _walk(root, f"{path}/")
            elif stat.S_ISREG(information.st_mode):
                if not entry.name.endswith(".pyc"):
                    executable = bool(information.st_mode & stat.S_IXUSR)
                    yield SourceFile(path, information.st_size, executable)
            else:
                raise InvalidInput(f"{path} is a device or pipe", remedy="Remove it.")


def _inside(root: Path, path: str) -> str:
    """Where a link points to, once it is known to stay in the tree."""
    target = str((root / path).readlink())
    landing = os.path.normpath(os.path.join(os.path.dirname(path), target))  # noqa: PTH118, PTH120
    if target.startswith("/") or landing.split("/")[0] == "..":
        raise InvalidInput(
            f"the link {path} points out of the source, to {target}",
            remedy="Replace the link by the file that it points to.",
        )
    return target
