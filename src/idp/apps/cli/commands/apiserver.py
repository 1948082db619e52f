"""`apiserver`."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Annotated

import typer

application = typer.Typer()

Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder of the objects.", file_okay=False)
]
File = Annotated[Path, typer.Argument(help="The backup.", dir_okay=False, show_default=False)]


@application.callback(invoke_without_command=True)
def apiserver(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the objects; made if missing.", file_okay=False),
    ] = None,
    port: Annotated[
        int,
        typer.Option("--port", help="Port on 127.0.0.1; a free one by default.", min=0, max=65535),
    ] = 0,
) -> None:
    """Serve a Kubernetes API without a cluster, until Ctrl-C. The platform is not needed.

    Once it is ready, DIR/kubeconfig is there, with all rights.

    Examples:

      idp-cli apiserver --data api

      idp-cli apiserver --data /srv/api --port 6443
    """
    if context.invoked_subcommand is not None:
        return
    if data is None:
        raise typer.BadParameter("a folder is needed", param_hint="--data")
    from idp.apps.standalone.serve import serve
    from idp.kernel.logging import configure_logging

    configure_logging()
    asyncio.run(serve(data.expanduser().absolute(), port, _show))


def _show(url: str, kubeconfig: Path) -> None:
    typer.echo(f"The Kubernetes API is served on {url} until you press Ctrl-C. Use it with")
    typer.echo("")
    typer.echo(f"  export KUBECONFIG={shlex.quote(str(kubeconfig))}")
    typer.echo("  kubectl get namespaces")


@application.command()
def backup(data: Folder, file: File) -> None:
    """Write a backup of a server's folder; the server may run meanwhile.

    The file holds every Secret and all keys. Only you can read it (0600); keep it like a key.

    Example:

      idp-cli apiserver backup api api.backup
    """
    from idp.apps.backup.contents import Source
    from idp.apps.cli.backups import write_backup

    write_backup(Source("apiserver", "", data.expanduser().absolute()), file)


@application.command()
def restore(
    data: Folder,
    file: File,
    force: Annotated[
        bool, typer.Option("--force", help="Also restore the backup of another server.")
    ] = False,
) -> None:
    """Put a backup in the place of a folder's objects and keys. The server must be stopped.

    Example:

      idp-cli apiserver restore api api.backup
    """
    from idp.apps.backup.contents import Source
    from idp.apps.backup.restore import restore as restore_backup
    from idp.kernel.errors import Conflict

    source = Source("apiserver", "", data.expanduser().absolute())

    def refuse() -> None:
        raise Conflict(
            f"a server uses {source.folder}", remedy="Stop it with Ctrl-C, then restore."
        )

    path = file.expanduser().absolute()
    manifest = restore_backup(source, path, force=force, stop=refuse, started=lambda: None)
    typer.echo(f"{source.folder} is as it was at {manifest.created}.")
