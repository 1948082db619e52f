"""`security findings|report|trend|scan|export|vex|exception|profile|db`."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from idp.apps.cli.commands.bills import sbom
from idp.apps.cli.commands.probe import probe
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
from idp.capabilities.scanning.commands import database

application = typer.Typer(
    help="See what scanners found and what may pass; manage exceptions, rules and advisories.",
    no_args_is_help=True,
)
exceptions = typer.Typer(
    help="Findings that may be, until a date, because two people agreed.", no_args_is_help=True
)
profiles = typer.Typer(help="What findings do in an environment.", no_args_is_help=True)
vex = typer.Typer(help="What applications are affected by, for machines.", no_args_is_help=True)
application.add_typer(exceptions, name="exception")
application.add_typer(vex, name="vex")
application.add_typer(profiles, name="profile")
application.add_typer(database, name="db")
application.command()(sbom)
application.command()(probe)


class FindingState(StrEnum):
    """How a finding stands."""

    OPEN = "open"
    FIXED = "fixed"
    ACCEPTED = "accepted"
    FALSE_POSITIVE = "false-positive"


class Severity(StrEnum):
    """A band of CVSS base scores."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNSCORED = "unscored"


class ExportFormat(StrEnum):
    """A format of others."""

    OPENVEX = "openvex"
    CYCLONEDX = "cyclonedx"
    SARIF = "sarif"


class VexFormat(StrEnum):
    """A form of VEX."""

    OPENVEX = "openvex"
    CYCLONEDX = "cyclonedx"


class Disposition(StrEnum):
    """What an exception says of a finding."""

    ACCEPTED = "accepted"
    NOT_AFFECTED = "notAffected"


Name = Annotated[str | None, typer.Argument(help="Name of the application; all.")]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces.")]
ExceptionName = Annotated[str, typer.Argument(help="Name of the exception.")]


@application.command()
def findings(
    name: Name = None,
    environment: Environment = "development",
    state: Annotated[
        FindingState | None, typer.Option("--state", help="How it stands; all.")
    ] = None,
    severity: Annotated[Severity | None, typer.Option("--severity", help="Band; all.")] = None,
    scanner: Annotated[str | None, typer.Option("--scanner", help="Who found it; all.")] = None,
    finding: Annotated[
        str | None, typer.Option("--finding", help="Id or alias, such as CVE-2026-1234.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only open and too late.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="How many.", min=1, max=1000)] = 100,
    all_namespaces: AllNamespaces = False,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """List what scanners found, the worst first: since when, in which state, by when to fix.

    Examples:

      idp-cli security findings hello -e production --state open

      idp-cli security findings -A --severity critical -o json

      idp-cli security findings --finding CVE-2026-1234 -A
    """
    from idp.apps.cli.output import write
    from idp.apps.cli.security import ask_findings

    query = {
        "environment": environment,
        "namespace": None if all_namespaces else namespace,
        "application": name,
        "state": state,
        "band": severity,
        "scanner": scanner,
        "name": finding,
        "overdue": overdue or None,
        "limit": limit,
    }
    rows = asyncio.run(ask_findings(layout_of(data), user, "", query))
    if output is Format.TABLE:
        rows = [_short(row) for row in rows]
    write(
        rows,
        output,
        columns=("application", "band", "finding", "where", "state", "due", "owner", "summary"),
        name="fingerprint",
        empty=f"Nothing of that kind is known in {environment}.",
    )


def _short(row: dict[str, Any]) -> dict[str, Any]:
    where = f"{row['package']} {row['version']}".strip() or row["location"]
    until = f" until {row['excepted_until'][:10]}" if row["state"] != "open" else ""
    state = row["state"] + (until if row["excepted_until"] else "")
    due = row["due"][:10] if row["state"] == "open" else ""
    return {**row, "where": where, "state": state, "due": due, "summary": row["summary"][:60]}


@application.command()
def report(
    name: Name = None,
    environment: Environment = "development",
    scans: Annotated[int, typer.Option("--scans", help="Scans in the trend.", min=1, max=365)] = 10,
    all_namespaces: AllNamespaces = False,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Show how applications stand; of a named one also what its last scans left behind.

    Examples:

      idp-cli security report -e production

      idp-cli security report hello -o json
    """
    from idp.apps.cli.output import write, write_table, write_value
    from idp.apps.cli.security import ask_findings

    query = {
        "environment": environment,
        "namespace": None if all_namespaces else namespace,
        "application": name,
        "scans": scans,
    }
    answer = asyncio.run(ask_findings(layout_of(data), user, "/report", query))
    if output in (Format.JSON, Format.YAML):
        write_value(answer, output)
        return
    bands = ("critical", "high", "medium", "low", "unscored")
    rows = [{k: "" if v is None else v for k, v in s.items()} for s in answer["applications"]]
    write(
        rows,
        output,
        columns=("application", *bands, "excepted", "overdue", "fixed", "days_to_fix", "next_due"),
        name="application",
        empty=f"No scan of that kind is known in {environment}.",
    )
    if answer["trend"] and output is Format.TABLE:
        columns = ("time", "added", "fixed", *bands, "incomplete")
        typer.echo()
        write_table(columns, [[str(row[c]) for c in columns] for row in answer["trend"]])


@application.command()
def scan(
    file: Annotated[Path, typer.Argument(help="Report of another tool, JSON.", dir_okay=False)],
    environment: Environment,
    app: Annotated[str, typer.Option("--app", help="Application that it is about.")] = "",
    tool: Annotated[
        str | None, typer.Option("--tool", help="Who wrote it; found out by default.")
    ] = None,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """Judge a report of another scanner by the rules and exceptions of an environment.

    Reads Trivy, Grype, Clair, Aqua, Semgrep, SonarQube, Checkmarx, Veracode, ZAP, Nuclei, KICS,
    Checkov, Dependency-Check, Snyk, FOSSA, and SARIF of any tool, such as CodeQL and Fortify.
    Nothing is stored. Exit code 8 when the environment would refuse it.

    Examples:

      trivy image --format json shop:1 > report.json

      idp-cli security scan report.json -e production --app shop
    """
    from idp.apps.cli.output import write, write_value
    from idp.apps.cli.reports import judge_report

    judged = asyncio.run(
        judge_report(layout_of(data), user, environment, namespace, app, file, tool)
    )
    if output in (Format.JSON, Format.YAML):
        write_value(judged, output)
    else:
        write(
            judged["rules"],
            output,
            columns=("effect", "subject", "message", "due"),
            name="subject",
            empty=f"{judged['tool']} found nothing.",
        )
        typer.echo(f"\n{environment}: {judged['decision']}", err=output is Format.NAME)
    if judged["decision"] == "Deny":
        raise typer.Exit(8)


@application.command()
def export(
    name: Name = None,
    environment: Environment = "development",
    form: Annotated[
        ExportFormat, typer.Option("--format", help="What to write.")
    ] = ExportFormat.OPENVEX,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Write what is known of an application as OpenVEX, CycloneDX VEX or SARIF, as JSON.

    Examples:

      idp-cli security export hello -e production > hello.openvex.json

      idp-cli security export hello --format sarif > hello.sarif
    """
    from idp.apps.cli.output import write_value
    from idp.apps.cli.reports import export_findings

    document = asyncio.run(
        export_findings(layout_of(data), user, environment, namespace, name, form.value)
    )
    write_value(document, Format.JSON)


@application.command("trend")
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


@application.command("fix")
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
    name: Name = None,
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
    export(name, environment, ExportFormat(form.value), data, user, namespace)


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


@exceptions.command("list")
def list_exceptions(
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    output: Output = Format.TABLE,
) -> None:
    """List the exceptions of an environment.

    Example:

      idp-cli security exception list -e production
    """
    from idp.apps.cli.output import write
    from idp.apps.cli.security import ask_exceptions

    rows = asyncio.run(ask_exceptions(layout_of(data), user, environment, namespace))
    write(
        rows,
        output,
        columns=("name", "finding", "application", "phase", "expires", "author", "approver"),
        name="name",
        empty=f"There are no exceptions in {environment}.",
    )


@exceptions.command()
def request(
    finding: Annotated[str, typer.Argument(help="Id or alias, such as CVE-2026-1234.")],
    environment: Environment,
    reason: Annotated[str, typer.Option("--reason", help="Why it may be; demanded.")],
    days: Annotated[int, typer.Option("--days", help="For how many days.", min=1, max=365)] = 30,
    app: Annotated[str, typer.Option("--app", help="Only in this application; all.")] = "",
    package: Annotated[str, typer.Option("--package", help="Only in this distribution.")] = "",
    version: Annotated[str, typer.Option("--version", help="Only in this version of it.")] = "",
    scanner: Annotated[str, typer.Option("--scanner", help="Only as this scanner's.")] = "",
    disposition: Annotated[
        Disposition, typer.Option("--disposition", help="Is the risk borne, or is there none?")
    ] = Disposition.ACCEPTED,
    justification: Annotated[
        str, typer.Option("--justification", help="OpenVEX word; demanded with notAffected.")
    ] = "",
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Ask for an exception; it does nothing until somebody else approves it.

    Examples:

      idp-cli security exception request CVE-2026-1234 -e production --app hello --reason "no fix"

      idp-cli security exception request B608 -e staging --disposition notAffected \\
        --justification vulnerable_code_not_in_execute_path --reason "only in the seed script"
    """
    from idp.apps.cli.security import request_exception

    spec = {
        "finding": finding,
        "reason": reason,
        "application": app,
        "package": package,
        "version": version,
        "scanner": scanner,
        "disposition": disposition.value,
        "justification": justification,
    }
    created = asyncio.run(
        request_exception(layout_of(data), user, environment, namespace, spec, days)
    )
    typer.echo(
        f"{created} waits for approval by somebody else: "
        f"`idp-cli security exception approve {created} -e {environment} -n {namespace}`"
    )


@exceptions.command("approve")
def approve_exception(
    name: ExceptionName,
    environment: Environment,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Approve an exception that somebody else asked for.

    Example:

      idp-cli security exception approve cve-2026-1234-x7k2p -e production
    """
    from idp.apps.cli.security import approve

    expires = asyncio.run(approve(layout_of(data), user, environment, namespace, name))
    typer.echo(f"{name} counts until {expires}.")


@exceptions.command()
def revoke(
    name: ExceptionName,
    environment: Environment,
    data: Data = None,
    user: User = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> None:
    """Revoke an exception; promotions that stand on it start again.

    Example:

      idp-cli security exception revoke cve-2026-1234-x7k2p -e production
    """
    from idp.apps.cli.security import revoke as run

    asyncio.run(run(layout_of(data), user, environment, namespace, name))
    typer.echo(f"{name} is revoked.")


@profiles.command("show")
def show_profile(
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what findings do in an environment.

    Example:

      idp-cli security profile show -e production
    """
    from idp.apps.cli.output import write, write_value
    from idp.apps.cli.security import profile_rows, read_profile

    spec = asyncio.run(read_profile(layout_of(data), user, environment))
    if output in (Format.JSON, Format.YAML):
        write_value(spec, output)
        return
    write(profile_rows(spec), output, columns=("rule", "value"), name="rule", empty="")


@profiles.command("set")
def set_profile(
    environment: Environment,
    rules: Annotated[
        list[str], typer.Argument(help="Path and value, such as severity.high=deny; repeatable.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; demanded.")],
    data: Data = None,
    user: User = None,
) -> None:
    """Ask for other rules in an environment; they count once somebody else approves them.

    What was decided under the former rules is void then. Each change is a commit in the
    environment's repository.

    Examples:

      idp-cli security profile set -e staging severity.high=deny --reason "audit of May"

      idp-cli security profile set -e production freshness.scansDays=14 --reason "policy 7"
    """
    from idp.apps.cli.security import ask_for_rules

    name = asyncio.run(ask_for_rules(layout_of(data), user, environment, rules, reason))
    typer.echo(
        f"{name} waits for approval by somebody else: "
        f"`idp-cli security profile approve {name} -e {environment}`"
    )


@profiles.command("approve")
def approve_profile(
    name: Annotated[str, typer.Argument(help="Name of the change.")],
    environment: Environment,
    data: Data = None,
    user: User = None,
) -> None:
    """Approve a change of the rules that somebody else asked for.

    Example:

      idp-cli security profile approve rules-x7k2p -e production
    """
    from idp.apps.cli.security import approve_rules

    for rule in asyncio.run(approve_rules(layout_of(data), user, environment, name)):
        typer.echo(rule)
    typer.echo(f"{name} is approved: `idp-cli security profile changes -e {environment}`")


@profiles.command("changes")
def list_changes(
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """List the changes of an environment's rules: who asked, who agreed, which commit.

    Example:

      idp-cli security profile changes -e production
    """
    from idp.apps.cli.output import write
    from idp.apps.cli.security import ask_changes

    rows = asyncio.run(ask_changes(layout_of(data), user, environment))
    write(
        rows,
        output,
        columns=("name", "phase", "rules", "author", "approver", "commit", "reason"),
        name="name",
        empty=f"The rules of {environment} were never changed.",
    )
