"""What a build needs from outside, as Protocols."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

Report = Callable[[str], Awaitable[None]]
"""Tells the people who watch what is being done."""


class Installer(Protocol):
    """Resolves and installs Python dependencies. `clients/uv.py` runs uv."""

    async def version(self) -> str:
        """The installer's name and version, such as `uv 0.13.9`."""
        ...

    async def sandbox(self) -> str:
        """What keeps the installer from the rest of the machine; `none` when nothing does."""
        ...

    async def export_lock(self, source: Path, work: Path) -> str:
        """The `uv.lock` of a project as `pylock.toml` text, without the project itself.

        Args:
            source: The project's folder; only read.
            work: An existing folder for the installer's own files.

        Raises:
            InvalidInput: The lock cannot be read.
        """
        ...

    async def install(self, requirements: str, into: Path, work: Path) -> None:
        """Install exactly these wheels into an empty folder.

        Args:
            requirements: Lines of `name==version --hash=sha256:...`.
            into: The folder; below `work`.
            work: An existing folder for the installer's own files.

        Raises:
            Unavailable: The package index does not answer.
            VerificationFailed: A file has another digest than the lock says.
            InvalidInput: A file cannot be found or installed.
        """
        ...
