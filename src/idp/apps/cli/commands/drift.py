"""`drift`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from idp.apps.cli.options import (
    DEFAULT_NAMESPACE,
    Data,
    Format,
    Namespace,
    Output,
    User,
    complete_environment,
    layout_of,
)

application = typer.Typer()


@application.command()
def drift(
    name: Annotated[str | None, typer.Argument(help="Name of the application; all.")] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment", "-e", help="Only this one; all.", autocompletion=complete_environment
        ),
    ] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Show where applications are not what was promoted: ledger, Git and running, by field.

    Examples:

      idp-cli drift

      idp-cli drift hello -e production -o json
    """
    from idp.apps.cli.output import write

    rows = asyncio.run(_rows(data, user, environment, namespace, name))
    write(
        rows,
        output,
        columns=(
            "environment",
            "application",
            "field",
            "ledger",
            "git",
            "running",
            "between",
            "action",
        ),
        name="application",
        empty="Nothing has drifted: ledger, Git and what runs are the same.",
    )


async def _rows(
    data: Any, user: str | None, environment: str | None, namespace: str, name: str | None
) -> list[dict[str, Any]]:
    from idp.apps.cli.connection import connect
    from idp.capabilities.promotion.kinds import DriftReport

    rows = []
    async with connect(layout_of(data), user) as platform:
        for place in [environment] if environment else platform.environments:
            listed = await platform.instance(place).list(DriftReport.type(), namespace)
            rows += [
                {"environment": place, "application": report["spec"]["application"], **found}
                for report in listed.items
                if name in (None, report["spec"]["application"])
                for found in (report.get("status") or {}).get("differences") or []
            ]
    return rows
