"""`security trend|fix|vex`: how findings go, and what makes them go."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

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

vex = typer.Typer(help="What applications are affected by, for machines.", no_args_is_help=True)


class VexFormat(StrEnum):
    """A form of VEX."""

    OPENVEX = "openvex"
    CYCLONEDX = "cyclonedx"


def show_trend(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    environment: Environment = "development",
    scans: Annotated[int, typer.Option("--scans", help="How many scans.", min=1, max=365)] = 30,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Show how the findings of an application went, scan by scan, the newest last.

    Example:

      idp-cli security trend hello -e production
    """
    from idp.apps.cli.output import write
    from idp.apps.cli.security import ask_findings, trend_rows

    query = {
        "environment": environment,
        "namespace": namespace,
        "application": name,
        "scans": scans,
    }
    answer = asyncio.run(ask_findings(layout_of(data), user, "/report", query))
    bands = ("critical", "high", "medium", "low", "unscored")
    write(
        trend_rows(answer["trend"]),
        output,
        columns=("time", *bands, "open", "change", "added", "fixed", "incomplete"),
        name="image",
        empty=f"No scan of {name} is known in {environment}.",
    )


def fix_findings(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    finding: Annotated[
        str | None, typer.Option("--finding", help="Only this one, such as CVE-2026-1234.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open one.")] = False,
    merge: Annotated[
        str | None, typer.Option("--merge", help="Merge this remediation, once it is tested.")
    ] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Raise a vulnerable dependency to the lowest version without a known vulnerability.

    Each is a branch of the application's repository, which the platform builds and compares with
    the advisories; nothing is released before it is merged. Raises `uv.lock` and
    `requirements.txt`; asks the package registry.

    Examples:

      idp-cli security fix hello --finding CVE-2026-1234

      idp-cli security fix hello --all

      idp-cli security fix hello --merge hello-jinja2-x7k2p
    """
    from idp.apps.cli import fix as fixing
    from idp.kernel.errors import InvalidInput

    if sum((finding is not None, everything, merge is not None)) != 1:
        raise InvalidInput("say which", remedy="Give one of --finding, --all and --merge.")
    if merge is not None:
        commit = asyncio.run(fixing.merge(layout_of(data), user, namespace, merge))
        typer.echo(f"{commit[:7]} is on main: `idp-cli app {name} -n {namespace}`")
        return
    created, open_ = asyncio.run(fixing.fix(layout_of(data), user, namespace, name, finding))
    for remediation in created:
        typer.echo(
            f"{remediation} is built and scanned. Merge it once it is tested: "
            f"`idp-cli security fix {name} -n {namespace} --merge {remediation}`"
        )
    for wanted in open_:
        named = ", ".join(wanted.findings)
        typer.echo(f"No advisory names a fixed version of {wanted.package} {wanted.used}: {named}")


@vex.command("export")
def export_vex(
    name: Annotated[str | None, typer.Argument(help="Name of the application; all.")] = None,
    environment: Environment = "development",
    form: Annotated[VexFormat, typer.Option("--format", help="What to write.")] = VexFormat.OPENVEX,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Write what an application is affected by, and what not, as OpenVEX or CycloneDX VEX.

    Examples:

      idp-cli security vex export hello -e production > hello.openvex.json

      idp-cli security vex export hello --format cyclonedx
    """
    from idp.apps.cli.output import write_value
    from idp.apps.cli.reports import export_findings

    document = asyncio.run(
        export_findings(layout_of(data), user, environment, namespace, name, form.value)
    )
    write_value(document, Format.JSON)


@vex.command("import")
def import_vex(
    file: Annotated[Path, typer.Argument(help="OpenVEX or CycloneDX, JSON.", dir_okay=False)],
    environment: Environment,
    app: Annotated[str, typer.Option("--app", help="Only in this application; all.")] = "",
    days: Annotated[int, typer.Option("--days", help="For how many days.", min=1, max=365)] = 90,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Ask for an exception for each `not_affected` of a VEX document; others approve them.

    What was asked for already is not asked for again.

    Example:

      idp-cli security vex import vendor.openvex.json -e staging --app hello
    """
    from idp.apps.cli.reports import import_vex as run

    taken = asyncio.run(run(layout_of(data), user, environment, namespace, file, app, days))
    for name in taken.created:
        typer.echo(f"{name} waits for approval by somebody else.")
    if taken.known:
        typer.echo(f"{taken.known} were asked for already.")
    if not taken.created and not taken.known:
        typer.echo("The document says of nothing that it is not affected.")
