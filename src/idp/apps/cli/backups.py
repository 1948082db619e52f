"""What the backup commands share."""

from __future__ import annotations

from pathlib import Path

import typer

from idp.apps.backup.backup import back_up
from idp.apps.backup.contents import Source


def write_backup(source: Source, file: Path) -> None:
    """Write a backup and say what is in it."""
    path = file.expanduser().absolute()
    manifest = back_up(source, path)
    size = path.stat().st_size / 1e6
    typer.echo(f"{path}: {len(manifest.files)} files, {size:.1f} MB, verified.")
    typer.echo("It holds secrets: keep it where only you can read it.")
