"""`idp-cli security`: the vulnerability advisories of this machine.

Imports what it needs when a command runs, so that the CLI starts quickly.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from idp.capabilities.scanning.advisories import AdvisoryDatabase
    from idp.capabilities.scanning.importing import ImportReport

application = typer.Typer(help="Manage the vulnerability advisories.", no_args_is_help=True)
database = typer.Typer(help="The advisory database.", no_args_is_help=True)
application.add_typer(database, name="db")


@application.callback()
def _root() -> None:
    """Keeps `db` a group of its own."""


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the platform.", envvar="IDP_DATA", file_okay=False),
]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to write the result.")]


@database.command("import")
def import_(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A .json, .jsonl or .zip file of OSV records, a folder, or an https address."
        ),
    ],
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Import advisories in OSV form from a file, a folder or an address.

    Example:

      idp-cli security db import ~/Downloads/all.zip
    """
    if "://" in source:
        update(context, source, data, output)
    else:
        _import(_open(context, data), Path(source).expanduser(), output)


@database.command()
def update(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="An https address of a .json, .jsonl or .zip file.")],
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Fetch advisories in OSV form from an address, and import them.

    Nothing is ever fetched from an address that you did not give.
    """
    import asyncio
    import tempfile

    from idp.capabilities.scanning.download import download

    opened = _open(context, data)
    with tempfile.TemporaryDirectory() as folder:
        _import(opened, asyncio.run(download(url, Path(folder))), output)


@database.command()
def status(context: typer.Context, data: Data = None, output: Output = Format.TABLE) -> None:
    """Show how many advisories there are, and how old they are."""
    from idp.capabilities.scanning.advisories import age_in_days
    from idp.kernel.clock import utc_now

    opened = _open(context, data)
    facts = opened.status()
    opened.close()
    answer: dict[str, Any] = {"database": str(opened.path), "records": 0, "updated": None}
    if facts is not None:
        age = round(age_in_days(facts, utc_now()), 1)
        answer |= {**facts.model_dump(), "ageDays": age}
    _write(answer, output)
    if facts is None and output is Format.TABLE:
        print("There are no advisories yet: idp-cli security db import FILE")


def _open(context: typer.Context, data: Path | None) -> AdvisoryDatabase:
    """The database of a data folder; the composition root says where in it (`context.obj`)."""
    from idp.capabilities.scanning.advisories import AdvisoryDatabase

    locate: Callable[[Path | None], Path] = context.find_root().obj
    return AdvisoryDatabase(locate(data))


def _import(opened: AdvisoryDatabase, source: Path, output: Format) -> None:
    from idp.capabilities.scanning.importing import import_advisories

    report = import_advisories(opened, source)
    opened.close()
    _write(_counts(report), output)
    if report.malformed and report.malformed > len(report.named) and output is Format.TABLE:
        print(f"and {report.malformed - len(report.named)} more that could not be read")


def _counts(report: ImportReport) -> dict[str, Any]:
    return {
        "added": report.added,
        "replaced": report.replaced,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
        "malformed": report.malformed,
        "unread": [{"name": name, "reason": reason} for name, reason in report.named],
    }


def _write(answer: dict[str, Any], output: Format) -> None:
    if output is Format.JSON:
        import orjson

        print(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode())
        return
    if output is Format.YAML:
        import yaml

        print(yaml.safe_dump(answer, sort_keys=False, allow_unicode=True), end="")
        return
    for key, value in answer.items():
        if isinstance(value, list):
            for entry in value:
                print(f"  {entry['name']}: {entry['reason']}")
        else:
            print(f"{key.upper():<12}{'never' if value is None else value}")
