"""`promotion list`, `promotion watch`, `promotion explain`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from idp.apps.cli.commands.reviews import review
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

application = typer.Typer(help="List, watch and explain promotions.", no_args_is_help=True)
application.add_typer(review, name="review")


@application.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(help="Name of the application; all.")] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """List the promotions of all environments, newest first.

    Example:

      idp-cli promotion list hello
    """
    from idp.apps.cli.connection import connect
    from idp.apps.cli.output import write
    from idp.capabilities.promotion.kinds import Promotion
    from idp.kernel.errors import Unavailable

    async def ask() -> list[dict[str, Any]]:
        rows = []
        async with connect(layout_of(data), user) as platform:
            for environment in platform.environments:
                client = platform.instance(environment)
                try:
                    listed = await client.list(Promotion.type(), namespace)
                except Unavailable as error:
                    typer.echo(f"{environment} is silent: {error}", err=True)
                    continue
                rows += [_row(environment, promotion) for promotion in listed.items]
        return rows

    rows = [row for row in asyncio.run(ask()) if name in (None, row["application"])]
    rows.sort(key=lambda row: str(row["created"]), reverse=True)
    write(
        rows,
        output,
        columns=("environment", "name", "action", "phase", "initiator", "created", "message"),
        name="name",
        empty="There are no promotions yet; a `git push` starts the first one.",
    )


def _row(environment: str, promotion: dict[str, Any]) -> dict[str, Any]:
    spec, status = promotion["spec"], promotion.get("status") or {}
    return {
        "environment": environment,
        "name": promotion["metadata"]["name"],
        "application": spec["application"],
        "action": spec.get("action", "promote"),
        "release": spec.get("release", ""),
        "phase": status.get("phase", "Pending"),
        "initiator": spec.get("initiator", ""),
        "created": promotion["metadata"]["creationTimestamp"],
        "commit": status.get("commit", ""),
        "message": status.get("message", ""),
        "remedy": status.get("remedy", ""),
    }


@application.command()
def reviews(
    environment: Environment,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """List what went past the rules and waits for somebody to review it.

    Example:

      idp-cli promotion reviews -e production
    """
    from idp.apps.cli.output import write
    from idp.apps.cli.reviews import list_reviews

    rows = asyncio.run(list_reviews(layout_of(data), user, environment, namespace))
    write(
        [row for row in rows if everything or not row["closedBy"]],
        output,
        columns=("name", "cause", "by", "due", "reason", "state"),
        name="name",
        empty="Nothing waits for a review.",
    )


@application.command()
def watch(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    environment: Environment,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Follow the newest promotion of an application until it ends.

    Example:

      idp-cli promotion watch hello -e production
    """
    from idp.apps.cli.connection import connect
    from idp.apps.cli.promote import follow_by_name, newest_promotion

    async def run() -> None:
        async with connect(layout_of(data), user) as platform:
            client = platform.instance(environment)
            newest = await newest_promotion(client, environment, namespace, name)
            await follow_by_name(client, namespace, newest["metadata"]["name"], environment)

    asyncio.run(run())


@application.command()
def explain(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    environment: Environment,
    promotion: Annotated[
        str | None, typer.Option("--promotion", help="Name of the promotion; the newest.")
    ] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Explain what decides: every rule and gate, on what evidence, and what would change it.

    Examples:

      idp-cli promotion explain hello -e production

      idp-cli promotion explain hello -e staging -o json
    """
    from idp.apps.cli.connection import connect
    from idp.apps.cli.output import write, write_value
    from idp.apps.cli.verdicts import read_verdict

    async def ask() -> dict[str, Any]:
        async with connect(layout_of(data), user) as platform:
            client = platform.instance(environment)
            return await read_verdict(client, environment, namespace, name, promotion)

    verdict = asyncio.run(ask())
    if output in (Format.JSON, Format.YAML):
        write_value(verdict, output)
        return
    if output is Format.TABLE:
        typer.echo(f"{verdict['decision']}: {verdict['message']}\n")
    write(
        verdict["rules"],
        output,
        columns=("effect", "subject", "message", "due", "change"),
        name="subject",
        empty="No rule fired.",
    )
    if output is Format.TABLE and verdict["gates"]:
        typer.echo("")
        write(
            verdict["gates"],
            output,
            columns=("name", "kind", "state", "message", "until", "change"),
            name="name",
            empty="",
        )
    if output is Format.TABLE:
        until = f", holds until {verdict['validUntil']}" if verdict.get("validUntil") else ""
        typer.echo(f"\nevidence {verdict['evidenceDigest']}{until}")
        typer.echo(f"policy   {verdict['policyVersion']}")
