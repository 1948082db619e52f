"""`security profile show|set|approve|changes`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from idp.apps.cli.options import (
    Data,
    Environment,
    Format,
    Output,
    User,
    layout_of,
)

profiles = typer.Typer(help="What findings do in an environment.", no_args_is_help=True)


@profiles.command("show")
def show_profile(
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what findings do in an environment.

    Example:

      idp-cli security profile show -e production
    """
    from idp.apps.cli.output import write, write_value
    from idp.apps.cli.security import profile_rows, read_profile

    spec = asyncio.run(read_profile(layout_of(data), user, environment))
    if output in (Format.JSON, Format.YAML):
        write_value(spec, output)
        return
    write(profile_rows(spec), output, columns=("rule", "value"), name="rule", empty="")


@profiles.command("set")
def set_profile(
    environment: Environment,
    rules: Annotated[
        list[str], typer.Argument(help="Path and value, such as severity.high=deny; repeatable.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; demanded.")],
    data: Data = None,
    user: User = None,
) -> None:
    """Ask for other rules in an environment; they count once somebody else approves them.

    What was decided under the former rules is void then. Each change is a commit in the
    environment's repository.

    Examples:

      idp-cli security profile set -e staging severity.high=deny --reason "audit of May"

      idp-cli security profile set -e production freshness.scansDays=14 --reason "policy 7"
    """
    from idp.apps.cli.security import ask_for_rules

    name = asyncio.run(ask_for_rules(layout_of(data), user, environment, rules, reason))
    typer.echo(
        f"{name} waits for approval by somebody else: "
        f"`idp-cli security profile approve {name} -e {environment}`"
    )


@profiles.command("approve")
def approve_profile(
    name: Annotated[str, typer.Argument(help="Name of the change.")],
    environment: Environment,
    data: Data = None,
    user: User = None,
) -> None:
    """Approve a change of the rules that somebody else asked for.

    Example:

      idp-cli security profile approve rules-x7k2p -e production
    """
    from idp.apps.cli.security import approve_rules

    for rule in asyncio.run(approve_rules(layout_of(data), user, environment, name)):
        typer.echo(rule)
    typer.echo(f"{name} is approved: `idp-cli security profile changes -e {environment}`")


@profiles.command("changes")
def list_changes(
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """List the changes of an environment's rules: who asked, who agreed, which commit.

    Example:

      idp-cli security profile changes -e production
    """
    from idp.apps.cli.output import write
    from idp.apps.cli.security import ask_changes

    rows = asyncio.run(ask_changes(layout_of(data), user, environment))
    write(
        rows,
        output,
        columns=("name", "phase", "rules", "author", "approver", "commit", "reason"),
        name="name",
        empty=f"The rules of {environment} were never changed.",
    )
