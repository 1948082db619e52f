"""`dora`: how delivery goes, from the ledger."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idp.apps.cli.options import Data, Environment, Format, Output, User, layout_of

if TYPE_CHECKING:
    from idp.capabilities.promotion.decide.dora import Change

application = typer.Typer(help="Show how delivery goes.", no_args_is_help=True)

_MOST = 100_000


@application.command()
def dora(
    name: Annotated[
        str | None, typer.Argument(help="One application, as namespace/name; all by default.")
    ] = None,
    environment: Environment = "production",
    days: Annotated[int, typer.Option("--days", help="Length of the period.", min=1)] = 30,
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Show DORA's five metrics of an environment. Reads the data folder.

    A figure that cannot be known is blank and says why.

    Examples:

      idp-cli dora

      idp-cli dora demo/hello -e staging --days 7 -o json
    """
    from idp.apps.cli.output import write
    from idp.capabilities.promotion.decide.dora import measure

    changes = asyncio.run(_changes(data, user, environment, name))
    until = datetime.now(UTC)
    rows: list[dict[str, Any]] = [
        {
            "metric": metric.name,
            "value": "" if metric.value is None else round(metric.value, 2),
            "unit": metric.unit,
            "samples": metric.samples,
            "why": metric.why,
        }
        for metric in measure(changes, since=until - timedelta(days=days), until=until)
    ]
    write(
        rows, output, columns=("metric", "value", "unit", "samples", "why"), name="value", empty=""
    )


async def _changes(data: Any, user: str | None, environment: str, name: str | None) -> list[Change]:
    from idp.apps.cli.audit import open_history
    from idp.apps.cli.connection import connect
    from idp.capabilities.promotion.decide.dora import Change
    from idp.capabilities.promotion.kinds import Release
    from idp.capabilities.promotion.ledger import Ledger
    from idp.kernel.clock import parse_timestamp

    layout = layout_of(data)
    namespace, _, application = (name or "").partition("/")
    entries = await asyncio.to_thread(
        Ledger(open_history(layout, environment)).entries,
        namespace=namespace or None,
        application=application or None,
        limit=_MOST,
    )
    async with connect(layout, user) as platform:
        releases = (await platform.instance(environment).list(Release.type())).items
    committed = {
        release["spec"]["digest"]: parse_timestamp(release["spec"]["source"]["time"])
        for release in releases
    }
    return [
        Change(
            application=f"{entry.namespace}/{entry.application}",
            rollback=entry.action == "rollback",
            succeeded=entry.phase == "Succeeded",
            reached=entry.phase == "Succeeded" or bool(entry.git_commit),
            finished=parse_timestamp(entry.finished_at),
            committed=committed.get(entry.release_digest),
        )
        for entry in entries
        if entry.phase != "Superseded"
    ]
