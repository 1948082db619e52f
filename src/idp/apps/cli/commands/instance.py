"""`instance backup`, `instance restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from idp.apps.cli.options import Data, complete_environment, layout_of

application = typer.Typer(help="Back up and restore an instance.", no_args_is_help=True)

Environment = Annotated[
    str,
    typer.Argument(help="Environment.", autocompletion=complete_environment, show_default=False),
]
File = Annotated[Path, typer.Argument(help="The backup.", dir_okay=False, show_default=False)]
Force = Annotated[
    bool, typer.Option("--force", help="Also restore the backup of another instance.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@application.command()
def backup(environment: Environment, file: File, data: Data = None) -> None:
    """Write a backup of an instance, which may run meanwhile: objects, history and keys.

    The file holds every secret of the instance. Only you can read it (0600); keep it like a key.

    Example:

      idp-cli instance backup production production.backup
    """
    from idp.apps.backup.instance import instance_of
    from idp.apps.cli.backups import write_backup

    write_backup(instance_of(layout_of(data), environment), file)


@application.command()
def restore(
    environment: Environment,
    file: File,
    force: Force = False,
    yes: Yes = False,
    data: Data = None,
) -> None:
    """Put a backup in the place of an instance's present objects, history and keys.

    The backup is checked first. An instance that runs is stopped and started again; when it does
    not start on the backup, its former state is put back.

    Examples:

      idp-cli instance restore production production.backup

      idp-cli instance restore staging other.backup --force --yes
    """
    from idp.apps.backup.instance import instance_of, restore_instance

    layout = layout_of(data)
    source = instance_of(layout, environment)
    if not yes:
        typer.echo(f"This replaces the objects, the history and the keys of {environment}.")
        typer.confirm("Replace them?", abort=True)
    manifest = restore_instance(layout, source, file.expanduser().absolute(), force=force)
    typer.echo(f"{environment} is as it was at {manifest.created}.")
