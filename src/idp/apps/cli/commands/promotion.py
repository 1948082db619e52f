"""`promote`, `approve`, `reject`, `rollback`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from idp.apps.cli.options import (
    DEFAULT_NAMESPACE,
    Data,
    Environment,
    Namespace,
    User,
    complete_environment,
    layout_of,
)

application = typer.Typer()

Target = Annotated[
    str,
    typer.Option(
        "--environment",
        "-e",
        "--to",
        help="Environment that it is about.",
        autocompletion=complete_environment,
    ),
]
Name = Annotated[str, typer.Argument(help="Name of the application.")]


@application.command()
def promote(
    name: Name,
    environment: Target,
    release: Annotated[
        str | None, typer.Option("--release", help="Version, such as r12-3fa9c1d; the newest.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; demanded for --hotfix and --emergency.")
    ] = "",
    hotfix: Annotated[
        bool,
        typer.Option("--hotfix", help="Take the expedited way; takes the verb hotfix."),
    ] = False,
    emergency: Annotated[
        bool,
        typer.Option("--emergency", help="Override approvals and gates; takes the verb override."),
    ] = False,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Bring a release to an environment, and follow it until it ends or waits for approval.

    Examples:

      idp-cli promote hello --to staging

      idp-cli promote hello --to production --release r12-3fa9c1d

      idp-cli promote hello --to production --hotfix --reason "CVE-2026-1234 in the parser"

      idp-cli promote hello --to production --emergency --reason "payments are down"
    """
    from idp.apps.cli.promote import promote as run

    asyncio.run(
        run(
            layout_of(data),
            user,
            environment,
            namespace,
            name,
            release,
            reason=reason,
            hotfix=hotfix,
            emergency=emergency,
        )
    )


@application.command()
def approve(
    name: Name,
    environment: Target,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", help="Gap in the evidence that you accept, by name; repeatable."),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", help="For how many days you accept it.", min=1, max=365)
    ] = 30,
    comment: Annotated[str, typer.Option("--comment", "--reason", help="Why.")] = "",
    emergency: Annotated[
        bool,
        typer.Option(
            "--emergency",
            help="Stand for all approvals and open gates; takes the verb override and a reason.",
        ),
    ] = False,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Approve a promotion that waits for you.

    Examples:

      idp-cli approve hello -e uat

      idp-cli approve hello -e production --accept dependencies --days 14 --comment "offline"

      idp-cli approve hello -e production --emergency --reason "payments are down"
    """
    from idp.apps.cli.promote import decide

    asyncio.run(
        decide(
            layout_of(data),
            user,
            environment,
            namespace,
            name,
            decision="approve",
            comment=comment,
            accepts=accept or [],
            days=days,
            emergency=emergency,
        )
    )


@application.command()
def reject(
    name: Name,
    environment: Target,
    comment: Annotated[str, typer.Option("--comment", help="Why; demanded.")],
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Reject a promotion that waits for you, with the reason.

    Example:

      idp-cli reject hello -e uat --comment "the price on the start page is wrong"
    """
    from idp.apps.cli.promote import decide

    asyncio.run(
        decide(
            layout_of(data),
            user,
            environment,
            namespace,
            name,
            decision="reject",
            comment=comment,
            accepts=[],
            days=1,
        )
    )


@application.command()
def rollback(
    name: Name,
    environment: Environment,
    reason: Annotated[str, typer.Option("--reason", help="Why; demanded.")],
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Go back to what ran before, configuration included.

    Example:

      idp-cli rollback hello -e production --reason "orders fail"
    """
    from idp.apps.cli.promote import rollback as run

    asyncio.run(run(layout_of(data), user, environment, namespace, name, reason))
