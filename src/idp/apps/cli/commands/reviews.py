"""`promotion review close`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from idp.apps.cli.options import DEFAULT_NAMESPACE, Data, Environment, Namespace, User, layout_of

review = typer.Typer(help="Review what went past the rules.", no_args_is_help=True)


@review.callback()
def _group() -> None:
    """Review what went past the rules."""


@review.command()
def close(
    name: Annotated[str, typer.Argument(help="Name of the review.")],
    environment: Environment,
    conclusion: Annotated[str, typer.Option("--conclusion", help="What you found; demanded.")],
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Close a review of what somebody else did.

    Example:

      idp-cli promotion review close hello-r12-3fa9c1d-emergency -e production --conclusion "fine"
    """
    from idp.apps.cli.reviews import close_review

    asyncio.run(close_review(layout_of(data), user, environment, namespace, name, conclusion))
    typer.echo(f"{name} is closed.")
