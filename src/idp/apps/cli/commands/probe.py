"""`security probe`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from idp.apps.cli.options import Format, Output


def probe(
    url: Annotated[str, typer.Argument(help="Address on this machine.")],
    host: Annotated[str, typer.Option("--host", help="Name by which the gateway knows it.")] = "",
    output: Output = Format.TABLE,
) -> None:
    """Ask a running application a few questions, and tell what its answers give away.

    Headers, cookies, TLS, files that nobody should see, debug pages. Nothing is attacked, and only
    this machine is asked. Exit code 8 when something is high or worse.

    Examples:

      idp-cli security probe http://hello.localhost:8621 --host hello.localhost

      idp-cli security probe http://127.0.0.1:8000 -o json
    """
    from idp.apps.cli.output import write
    from idp.capabilities.scanning.decide import rating
    from idp.capabilities.scanning.scanners.baseline import probe as ask

    report = asyncio.run(ask(url, host))
    rows = [{"band": rating(f.severity), **f.model_dump()} for f in report.findings]
    write(
        rows,
        output,
        columns=("band", "id", "location", "summary"),
        name="id",
        empty="Nothing is wrong with what it answers.",
    )
    if any(row["band"] in ("critical", "high") for row in rows):
        raise typer.Exit(8)
