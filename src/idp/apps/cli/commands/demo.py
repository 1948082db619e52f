"""`demo`: the main job, shown on the example applications."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from idp.apps.cli.options import Data, Format, Output, layout_of

application = typer.Typer()


@application.command()
def demo(
    approve: Annotated[
        bool, typer.Option("--approve", help="Approve as the demo users, without asking.")
    ] = False,
    only: Annotated[
        str | None, typer.Option("--only", help="One of the example applications.")
    ] = None,
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Take the example applications from git push to production.

    Examples:

      idp-cli demo

      idp-cli demo --approve --only hello
    """
    from idp.apps.cli.demo import run_demo

    asyncio.run(run_demo(layout_of(data), approve=approve, only=only, output=output))
