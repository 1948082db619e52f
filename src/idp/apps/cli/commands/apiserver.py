"""`apiserver`."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Annotated

import typer

application = typer.Typer()


@application.command()
def apiserver(
    data: Annotated[
        Path,
        typer.Option("--data", help="Folder of the objects; made if missing.", file_okay=False),
    ],
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
    from idp.apps.standalone.serve import serve
    from idp.kernel.logging import configure_logging

    configure_logging()
    asyncio.run(serve(data.expanduser().absolute(), port, _show))


def _show(url: str, kubeconfig: Path) -> None:
    typer.echo(f"The Kubernetes API is served on {url} until you press Ctrl-C. Use it with")
    typer.echo("")
    typer.echo(f"  export KUBECONFIG={shlex.quote(str(kubeconfig))}")
    typer.echo("  kubectl get namespaces")
