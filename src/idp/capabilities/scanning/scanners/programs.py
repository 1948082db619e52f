"""Scanners that are programs of others: off until they are installed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from idp.kernel.errors import MissingPrerequisite


def find_program(names: Sequence[str]) -> Path | None:
    """The first of some programs that is on the path; None when none is."""
    found = (shutil.which(name) for name in names)
    return next((Path(path) for path in found if path), None)


def require_program(names: Sequence[str]) -> Path:
    """The first of some programs that is on the path.

    Raises:
        MissingPrerequisite: None is.
    """
    program = find_program(names)
    if program is None:
        raise MissingPrerequisite(
            f"{' or '.join(names)} is not installed",
            remedy=f"Install {names[0]}, or turn the scanner off in the SecurityProfile.",
        )
    return program
