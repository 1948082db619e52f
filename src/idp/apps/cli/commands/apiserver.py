"""`apiserver`."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from idp.embedded.apiserver.access.oidc_issuer import OidcIssuer

OIDC = "OpenID Connect"

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
    oidc_issuer_url: Annotated[
        str | None,
        typer.Option(
            help="Accept tokens of this OpenID Connect issuer, too.", rich_help_panel=OIDC
        ),
    ] = None,
    oidc_client_id: Annotated[
        str, typer.Option(help="Client that the tokens must be for.", rich_help_panel=OIDC)
    ] = "",
    oidc_username_claim: Annotated[
        str, typer.Option(help="Claim that is the user's name.", rich_help_panel=OIDC)
    ] = "sub",
    oidc_username_prefix: Annotated[
        str | None,
        typer.Option(
            help="Put before the name; '-' for nothing. By default the issuer and '#', unless the "
            "claim is email.",
            rich_help_panel=OIDC,
        ),
    ] = None,
    oidc_groups_claim: Annotated[
        str, typer.Option(help="Claim that lists the user's groups.", rich_help_panel=OIDC)
    ] = "groups",
    oidc_groups_prefix: Annotated[
        str, typer.Option(help="Put before each group.", rich_help_panel=OIDC)
    ] = "",
    oidc_required_claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="A claim that tokens must have with this value; may be repeated.",
            rich_help_panel=OIDC,
        ),
    ] = None,
    oidc_signing_algs: Annotated[
        str,
        typer.Option(
            help="Signatures that are accepted, separated by commas; all that take a key pair by "
            "default.",
            rich_help_panel=OIDC,
        ),
    ] = "",
    oidc_ca_file: Annotated[
        str | None,
        typer.Option(
            help="Certificates (PEM) that verify the issuer; those of the system by default.",
            rich_help_panel=OIDC,
        ),
    ] = None,
) -> None:
    """Serve a Kubernetes API without a cluster, until Ctrl-C. The platform is not needed.

    Once it is ready, DIR/kubeconfig is there, with all rights.

    Examples:

      idp-cli apiserver --data api

      idp-cli apiserver --data /srv/api --port 6443

      idp-cli apiserver --data api --oidc-issuer-url https://login.example.com \
        --oidc-client-id kubernetes --oidc-username-claim email
    """
    if context.invoked_subcommand is not None:
        return
    if data is None:
        raise typer.BadParameter("a folder is needed", param_hint="--data")
    from idp.apps.standalone.serve import serve
    from idp.kernel.logging import configure_logging

    configure_logging()
    issuer = oidc_issuer_url and _issuer(
        issuer_url=oidc_issuer_url,
        client_id=oidc_client_id,
        username_claim=oidc_username_claim,
        username_prefix=oidc_username_prefix,
        groups_claim=oidc_groups_claim,
        groups_prefix=oidc_groups_prefix,
        required_claims=_claims(oidc_required_claim or []),
        signing_algs=tuple(name for name in oidc_signing_algs.split(",") if name),
        ca_file=oidc_ca_file,
    )
    asyncio.run(serve(data.expanduser().absolute(), port, _show, issuer or None))


def _issuer(**settings: Any) -> OidcIssuer | None:
    """The issuer of the options. Imported here: most servers have none, and start sooner so."""
    from idp.apps.platform.oidc import oidc_issuer
    from idp.apps.platform.settings import OidcSettings

    return oidc_issuer(OidcSettings(**settings))


def _claims(texts: list[str]) -> dict[str, str]:
    from idp.kernel.errors import InvalidInput

    claims = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InvalidInput(
                f"--oidc-required-claim {text} is not KEY=VALUE",
                remedy="Write it like --oidc-required-claim hd=example.com.",
            )
        claims[name] = value
    return claims


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
