"""`signing verify`, `signing log show`, `signing log verify`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from idp.apps.cli.commands.signing_keys import keys
from idp.apps.cli.options import (
    DEFAULT_NAMESPACE,
    Data,
    Environment,
    Format,
    Namespace,
    Output,
    User,
    layout_of,
)

application = typer.Typer(
    help="Check signatures, evidence and transparency logs.", no_args_is_help=True
)
log = typer.Typer(help="Read and verify transparency logs.", no_args_is_help=True)
application.add_typer(log, name="log")
application.add_typer(keys, name="keys")

_BROKEN = 8


@application.command()
def verify(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    version: Annotated[
        str | None, typer.Option("--version", help="Version of the release; the newest by default.")
    ] = None,
    environment: Environment = "development",
    namespace: Namespace = DEFAULT_NAMESPACE,
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Check everything that vouches for a release. Exit code 8 when something needed is missing.

    The keys are those that the environment has pinned, the evidence is read from the registry.

    Examples:

      idp-cli signing verify hello

      idp-cli signing verify hello --version r3-1a2b3c4 -e production -o json
    """
    from idp.apps.cli.output import write

    rows = asyncio.run(_proofs(data, user, environment, namespace, name, version))
    columns = ("subject", "proof", "result", "signer", "logged", "reason")
    write(rows, output, columns=columns, name="digest", empty="")
    if any(row["result"] == "missing" for row in rows):
        raise typer.Exit(_BROKEN)


async def _proofs(
    data: Any,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    version: str | None,
) -> list[dict[str, str]]:
    from idp.apps.cli.connection import connect
    from idp.apps.cli.proof import find_release, proofs, registry_of, subjects_of, trusted_keys

    async with connect(layout_of(data), user) as platform, registry_of(platform) as registry:
        release = await find_release(platform, environment, namespace, name, version)
        keys = trusted_keys(platform, environment)
        found = [await proofs(registry, subject, keys) for subject in subjects_of(release)]
    return [row for rows in found for row in rows]


@log.command()
def show(
    environment: Environment = "development",
    lines: Annotated[int, typer.Option("--lines", help="How many entries.", min=1)] = 20,
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what an environment signed, newest last. Reads the data folder.

    Example:

      idp-cli signing log show -e production -o json
    """
    from idp.apps.cli.output import write
    from idp.apps.cli.transparency import entry_rows

    write(
        entry_rows(layout_of(data), environment, lines),
        output,
        columns=("entry", "time", "payload"),
        name="payload",
        empty=f"{environment} signed nothing yet.",
    )


@log.command("verify")
def verify_log(
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", help="One environment; all by default.")
    ] = None,
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Prove that nothing was taken out of a log or changed in it. Exit code 8 when it was.

    Every attestation in the registry carries the log's signed word about its state at that time:
    all of them are compared with the log as it is now.

    Example:

      idp-cli signing log verify
    """
    from idp.apps.cli.output import write

    rows = asyncio.run(_audit(data, user, environment))
    columns = ("environment", "log", "entries", "attestations", "root", "reason")
    write(rows, output, columns=columns, name="root", empty="")
    if any(row["log"] == "broken" for row in rows):
        raise typer.Exit(_BROKEN)


async def _audit(data: Any, user: str | None, environment: str | None) -> list[dict[str, Any]]:
    from idp.apps.cli.connection import connect
    from idp.apps.cli.transparency import audit_log

    async with connect(layout_of(data), user) as platform:
        names = [environment] if environment else platform.environments
        return [await audit_log(platform, name) for name in names]
