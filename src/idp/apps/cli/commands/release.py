"""`release list`, `release show`."""

from __future__ import annotations

import asyncio
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
from idp.apps.platform.layout import ENVIRONMENTS

application = typer.Typer(help="List and show releases.", no_args_is_help=True)


async def _releases(
    data: Any, user: str | None, environment: str, namespace: str, name: str
) -> list[dict[str, Any]]:
    from idp.apps.cli.connection import connect
    from idp.capabilities.promotion.kinds import Release

    async with connect(layout_of(data), user) as platform:
        listed = await platform.instance(environment).list(Release.type(), namespace)
    found = [release for release in listed.items if release["spec"]["application"] == name]
    return sorted(found, key=lambda r: r["spec"]["source"]["count"], reverse=True)


def _row(release: dict[str, Any]) -> dict[str, Any]:
    spec, status = release["spec"], release.get("status") or {}
    return {
        "version": spec["version"],
        "digest": spec["digest"],
        "image": spec["image"],
        "commit": spec["source"]["commit"],
        "author": spec["source"]["author"],
        "time": spec["source"]["time"],
        "verified": sorted(status.get("verifiedIn", []), key=_order),
    }


def _order(environment: str) -> tuple[int, str]:
    """The order of promotion; what is not known comes last."""
    known = environment in ENVIRONMENTS
    return (ENVIRONMENTS.index(environment) if known else len(ENVIRONMENTS), environment)


@application.command("list")
def list_(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """List the releases that an environment knows, newest first.

    Example:

      idp-cli release list hello -e uat
    """
    from idp.apps.cli.output import write

    rows = [_row(r) for r in asyncio.run(_releases(data, user, environment, namespace, name))]
    if output is Format.TABLE:
        rows = [
            {**row, "verified": ", ".join(row["verified"]), "digest": row["digest"][:19]}
            for row in rows
        ]
    write(
        rows,
        output,
        columns=("version", "digest", "author", "time", "verified"),
        name="version",
        empty=f"{environment} knows no release of {name}; a `git push` makes one.",
    )


@application.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    version: Annotated[str, typer.Argument(help="Version, such as r12-3fa9c1d.")],
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.YAML,
) -> None:
    """Show one release: what is in it and where it was verified.

    Example:

      idp-cli release show hello r12-3fa9c1d
    """
    from idp.apps.cli.output import write_value
    from idp.kernel.errors import NotFound

    for release in asyncio.run(_releases(data, user, environment, namespace, name)):
        if release["spec"]["version"] == version:
            if output is Format.NAME:
                typer.echo(release["metadata"]["name"])
            else:
                chosen = Format.YAML if output is Format.TABLE else output
                write_value({**release["spec"], "status": release.get("status") or {}}, chosen)
            return
    raise NotFound(
        f"{environment} knows no release {version} of {name}",
        remedy=f"`idp-cli release list {name} -e {environment} -n {namespace}` shows all.",
    )
