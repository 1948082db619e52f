"""`audit tail`, `audit verify`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from idp.apps.cli.options import Data, Environment, Format, Output, layout_of

application = typer.Typer(help="Read and verify the audit.", no_args_is_help=True)


@application.command()
def tail(
    environment: Environment = "development",
    lines: Annotated[int, typer.Option("--lines", help="How many records.", min=1)] = 20,
    actor: Annotated[str | None, typer.Option("--actor", help="Only what this user did.")] = None,
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Show who did what, newest last. Reads the data folder: for who runs the platform.

    Examples:

      idp-cli audit tail -e production -o json

      idp-cli audit tail --actor maya --lines 100
    """
    from idp.apps.cli.output import write
    from idp.apps.platform.audit import open_audit

    log = open_audit(layout_of(data), environment)
    rows = [asdict(record) for record in log.tail(lines, actor=actor)]
    write(
        rows,
        output,
        columns=("sequence", "time", "actor", "action", "target"),
        name="hash",
        empty=f"Nothing was changed in {environment} yet.",
    )


@application.command()
def verify(
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", help="One environment; all by default.")
    ] = None,
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Prove that the audit was not edited afterwards. Exit code 8 when it was.

    Example:

      idp-cli audit verify
    """
    from idp.apps.cli.output import write
    from idp.apps.platform.audit import open_audit
    from idp.apps.platform.settings import require_settings

    layout = layout_of(data)
    rows = []
    for name in [environment] if environment else list(require_settings(layout).instances):
        verdict = open_audit(layout, name).verify()
        rows.append(
            {
                "environment": name,
                "chain": "broken" if verdict.broken_at else "holds",
                "records": verdict.records,
                "broken_at": verdict.broken_at or "",
                "reason": verdict.reason,
                "head": verdict.head,
            }
        )
    columns = ("environment", "chain", "records", "broken_at", "reason", "head")
    write(rows, output, columns=columns, name="head", empty="")
    if any(row["chain"] == "broken" for row in rows):
        raise typer.Exit(8)
