"""`freeze start`, `freeze end`, `freeze list`."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from idp.apps.cli.options import Data, Environment, Format, Output, User, layout_of

application = typer.Typer(
    help="Stop promotions for a time: start, end and list freezes. Rollbacks go on.",
    no_args_is_help=True,
)
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@application.command()
def start(
    name: Annotated[str, typer.Argument(help="Name of the freeze.")],
    environment: Environment,
    reason: Annotated[str, typer.Option("--reason", help="Why; demanded.")],
    until: Annotated[
        datetime, typer.Option("--until", help="When it ends by itself, UTC.", formats=_FORMATS)
    ],
    begin: Annotated[
        datetime | None,
        typer.Option("--from", help="When it begins, UTC; at once.", formats=_FORMATS),
    ] = None,
    applications: Annotated[
        list[str] | None,
        typer.Option("--application", help="Only this one; may be given several times."),
    ] = None,
    namespaces: Annotated[
        list[str] | None,
        typer.Option("--namespace", "-n", help="Only this one; may be given several times."),
    ] = None,
    data: Data = None,
    user: User = None,
) -> None:
    """Let no promotion change an environment for a time.

    Examples:

      idp-cli freeze start holidays -e production --until 2027-01-03 --reason "holidays"

      idp-cli freeze start audit -e uat --application shop --until 2026-12-01T18:00 --reason "audit"
    """
    from idp.apps.cli.freezes import start_freeze

    asyncio.run(
        start_freeze(
            layout_of(data),
            user,
            environment,
            name,
            reason=reason,
            start=begin,
            until=until,
            applications=applications or [],
            namespaces=namespaces or [],
        )
    )
    typer.echo(f"{environment} is frozen by {name} until {until:%Y-%m-%d %H:%M} UTC.")


@application.command()
def end(
    name: Annotated[str, typer.Argument(help="Name of the freeze.")],
    environment: Environment,
    data: Data = None,
    user: User = None,
) -> None:
    """End a freeze before its time; what waits goes on at once.

    Example:

      idp-cli freeze end audit -e uat
    """
    from idp.apps.cli.freezes import end_freeze

    asyncio.run(end_freeze(layout_of(data), user, environment, name))
    typer.echo(f"{name} no longer freezes {environment}.")


@application.command("list")
def list_(
    environment: Environment,
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """List the freezes of an environment, those that are over included.

    Example:

      idp-cli freeze list -e production
    """
    from idp.apps.cli.freezes import list_freezes
    from idp.apps.cli.output import write

    write(
        asyncio.run(list_freezes(layout_of(data), user, environment)),
        output,
        columns=("name", "state", "start", "until", "by", "applies", "reason"),
        name="name",
        empty=f"Nothing freezes {environment}.",
    )
