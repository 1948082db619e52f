"""`promotion pull-request merge` and `close`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from idp.apps.cli.options import DEFAULT_NAMESPACE, Data, Environment, Namespace, User, layout_of

pull_request = typer.Typer(
    help="Decide about proposed changes of an environment.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="Name of the pull request: its promotion's.")]


@pull_request.command()
def merge(
    name: Name,
    environment: Environment,
    comment: Annotated[str, typer.Option("--comment", help="Why.")] = "",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Merge a pull request: its promotion goes on.

    Example:

      idp-cli promotion pull-request merge hello-r12-3fa9c1d -e production
    """
    from idp.apps.cli.pull_requests import decide_pull_request

    asyncio.run(
        decide_pull_request(layout_of(data), user, environment, namespace, name, "merge", comment)
    )
    typer.echo(f"{name} is to be merged; `idp-cli get pullrequests -e {environment}` shows it.")


@pull_request.command()
def close(
    name: Name,
    environment: Environment,
    comment: Annotated[str, typer.Option("--comment", help="Why; demanded.")],
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Close a pull request without merging it: its promotion fails.

    Example:

      idp-cli promotion pull-request close hello-r12-3fa9c1d -e production --comment "too early"
    """
    from idp.apps.cli.pull_requests import decide_pull_request

    asyncio.run(
        decide_pull_request(layout_of(data), user, environment, namespace, name, "close", comment)
    )
    typer.echo(f"{name} is closed; its promotion fails.")
