"""Temporary folders for images that are being scanned.

All are below one folder that belongs to this area alone, so what a killed process left behind is
known and is removed at the next start.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Workspace:
    """Gives out folders, and removes what an earlier process left."""

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty folder that is removed in the end, whatever happens."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
