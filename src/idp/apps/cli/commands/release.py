"""`release list`, `release show`, `release diff`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from idp.capabilities.promotion.decide.release_diff import Difference

application = typer.Typer(help="List, show and compare releases.", no_args_is_help=True)


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


@application.command()
def diff(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    before: Annotated[
        str | None, typer.Argument(help="Version; the one that runs in the environment by default.")
    ] = None,
    after: Annotated[
        str | None, typer.Argument(help="Version; the newest that development knows by default.")
    ] = None,
    environment: Environment = "production",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Show what changes from one release to another: source, packages, findings, configuration.

    Examples:

      idp-cli release diff hello

      idp-cli release diff hello r11-91b2c3d r12-3fa9c1d -o json
    """
    from idp.apps.cli.output import write

    differences = asyncio.run(_diff(data, user, environment, namespace, name, before, after))
    write(
        [asdict(difference) for difference in differences],
        output,
        columns=("area", "what", "before", "after"),
        name="what",
        empty="The two releases do not differ.",
    )


async def _diff(
    data: Any,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    before: str | None,
    after: str | None,
) -> list[Difference]:
    from idp.apps.cli.connection import connect
    from idp.apps.cli.proof import contents_of, find_release
    from idp.capabilities.applications.kinds import WebApplication
    from idp.capabilities.promotion.decide.release_diff import release_diff

    async with connect(layout_of(data), user) as platform:
        if before is None:
            running = await platform.instance(environment).get(
                WebApplication.type(), name, namespace
            )
            before = (running.get("status") or {}).get("release") or None
        first = platform.environments[0]
        contents = [
            await contents_of(
                platform, first, await find_release(platform, first, namespace, name, version)
            )
            for version in (before, after)
        ]
    return release_diff(*contents)
