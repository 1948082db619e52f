"""`compliance report|controls|gaps`."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from idp.apps.cli.options import Data, Environment, Format, Output, User, layout_of

application = typer.Typer(
    help="Show what the platform can prove of SOC 2, NIST CSF and ISO 27001, and what is missing.",
    no_args_is_help=True,
)


class FrameworkChoice(StrEnum):
    """A framework."""

    SOC2 = "soc2"
    NIST_CSF = "nist-csf"
    ISO27001 = "iso27001"


class ReportFormat(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    HTML = "html"


Framework = Annotated[FrameworkChoice, typer.Option("--framework", "-f", help="Framework.")]


@application.command()
def report(
    framework: Framework,
    environment: Environment = "production",
    output: Annotated[
        ReportFormat, typer.Option("--output", "-o", help="How to write it.")
    ] = ReportFormat.TABLE,
    file: Annotated[
        Path | None, typer.Option("--file", help="Write it there.", dir_okay=False)
    ] = None,
    data: Data = None,
    user: User = None,
) -> None:
    """Report how the controls of a framework stand in an environment, with what proves it.

    A report is evidence, not certification. It follows from what the instance records, and each
    statement names the object or the record that proves it.

    Examples:

      idp-cli compliance report --framework soc2 -o html --file soc2.html

      idp-cli compliance report -f iso27001 -e staging -o json
    """
    from idp.apps.cli.compliance import read_report

    found = asyncio.run(read_report(layout_of(data), user, environment, framework.value))
    if output is ReportFormat.HTML:
        text = found.html()
    elif output is ReportFormat.TABLE:
        _table(found.rows(gaps=False), ("control", "state", "title"), Format.TABLE)
        return
    else:
        import orjson
        import yaml

        document = found.document()
        text = (
            yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
            if output is ReportFormat.YAML
            else orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"
        )
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text)
        typer.echo(f"Written to {file}.")


@application.command()
def controls(framework: Framework, output: Output = Format.TABLE) -> None:
    """List the controls of a framework, and the evidence that each stands on.

    Example:

      idp-cli compliance controls --framework nist-csf
    """
    from idp.capabilities.compliance.catalogue import framework as read

    rows = [
        {
            "control": control.id,
            "group": control.group,
            "title": control.title,
            "evidence": ", ".join(control.evidence),
            "beyond": control.beyond,
        }
        for control in read(framework.value).controls
    ]
    _table(rows, ("control", "title", "evidence", "beyond"), output)


@application.command()
def gaps(
    framework: Framework,
    environment: Environment = "production",
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """List what is missing, why, and what closes it.

    Example:

      idp-cli compliance gaps --framework soc2 -e production
    """
    from idp.apps.cli.compliance import read_report

    found = asyncio.run(read_report(layout_of(data), user, environment, framework.value))
    _table(found.rows(gaps=True), ("control", "state", "gap", "remedy"), output)


def _table(rows: list[dict[str, str]], columns: tuple[str, ...], output: Format) -> None:
    from idp.apps.cli.output import write

    write(rows, output, columns=columns, name="control", empty="There is no gap.")
