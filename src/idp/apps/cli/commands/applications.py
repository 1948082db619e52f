"""`deploy`, `apps`, `app`, `logs`, `open`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

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

application = typer.Typer()

_COLUMNS = ("application", "environment", "release", "digest", "health", "url")


@application.command()
def deploy(
    folder: Annotated[Path, typer.Argument(help="Folder of the application.")] = Path(),
    name: Annotated[
        str | None, typer.Option("--name", help="Name; the folder's name by default.")
    ] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Push the code in a folder and follow it to development.

    Examples:

      idp-cli deploy

      idp-cli deploy examples/hello-python --name hello -n demo
    """
    from idp.apps.cli.deploy import deploy as run

    folder = folder.expanduser().absolute()
    asyncio.run(run(layout_of(data), user, folder, namespace, name or folder.name))


@application.command()
def apps(data: Data = None, user: User = None, output: Output = Format.TABLE) -> None:
    """Show every application in every environment.

    Examples:

      idp-cli apps

      idp-cli apps -o json | jq '.[] | select(.health != "Healthy")'
    """
    from idp.apps.cli.output import write

    overview = asyncio.run(_overview(data, user))
    rows = overview["applications"]
    if output is Format.TABLE:
        rows = [{**row, "digest": row["digest"][:19]} for row in rows]
    for instance in overview["instances"]:
        if instance["error"]:
            typer.echo(f"{instance['environment']} is silent: {instance['error']}", err=True)
    write(
        rows,
        output,
        columns=_COLUMNS,
        name="application",
        empty="There are no applications yet. `idp-cli deploy FOLDER` makes the first one.",
    )


async def _overview(data: Path | None, user: str | None) -> Any:
    from idp.apps.cli.connection import connect

    async with connect(layout_of(data), user) as platform:
        return await platform.hub("GET", "/applications")


@application.command()
def app(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Show one application and what it waits for.

    Example:

      idp-cli app hello
    """
    from idp.apps.cli.output import write, write_table
    from idp.kernel.errors import NotFound

    overview = asyncio.run(_overview(data, user))
    rows = [
        row
        for row in overview["applications"]
        if row["application"] == name and row["namespace"] == namespace
    ]
    if not rows:
        raise NotFound(
            f"there is no application {name!r} in the namespace {namespace!r}",
            remedy="`idp-cli apps` shows all; `-n NAMESPACE` chooses another namespace.",
        )
    if output is not Format.TABLE:
        write(rows, output, columns=_COLUMNS, name="environment", empty="")
        return
    columns = ("environment", "release", "health", "url")
    write_table(columns, [[str(row[c]) for c in columns] for row in rows])
    for row in rows:
        if row["message"] and row["health"] != "Healthy":
            typer.echo(f"\n{row['environment']}: {row['message']}")
            if row["remedy"]:
                typer.echo(f"  Next: {row['remedy']}")
        if row["promotion"]:
            typer.echo(
                f"\n{row['environment']}: promotion {row['promotion']} is under way; "
                f"`idp-cli promotion watch {name} -e {row['environment']} -n {namespace}`"
            )


@application.command()
def logs(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    environment: Environment = "development",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    tail: Annotated[int, typer.Option("--tail", help="Lines of each replica to begin with.")] = 50,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Show what an application writes, all replicas together.

    Examples:

      idp-cli logs hello -e production

      idp-cli logs hello -f
    """
    from idp.apps.cli.logs import show_logs

    asyncio.run(
        show_logs(layout_of(data), user, environment, namespace, name, follow=follow, tail=tail)
    )


@application.command("open")
def open_(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Open an application in the browser, and print its address.

    Example:

      idp-cli open hello -e staging
    """
    import webbrowser

    from idp.kernel.errors import NotFound

    overview = asyncio.run(_overview(data, user))
    for row in overview["applications"]:
        place = (row["application"], row["namespace"], row["environment"])
        if place == (name, namespace, environment) and row["url"]:
            typer.echo(row["url"])
            webbrowser.open(row["url"])
            return
    raise NotFound(
        f"{name} does not answer in {environment}",
        remedy=f"`idp-cli app {name} -n {namespace}` shows what it waits for.",
    )
