"""Results in the form that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from idp.apps.cli.options import Format
from idp.apps.cli.tree import readable

_COLOURS = {
    "Healthy": "green",
    "Succeeded": "green",
    "True": "green",
    "running": "green",
    "Degraded": "red",
    "Failed": "red",
    "False": "red",
    "stopped": "red",
    "Progressing": "yellow",
    "Running": "yellow",
    "Pending": "yellow",
    "Unknown": "yellow",
    "Superseded": "dim",
    "Missing": "dim",
}


def write(
    rows: Sequence[Mapping[str, Any]],
    output: Format,
    *,
    columns: Sequence[str],
    name: str,
    empty: str,
) -> None:
    """Write a list.

    Args:
        rows: What to write, all fields of it in JSON and YAML.
        output: The form.
        columns: Fields that the table shows.
        name: Field that `-o name` writes.
        empty: What to say, and what to do next, when there is nothing.
    """
    if output is Format.NAME:
        for row in rows:
            print(row[name])
    elif output is not Format.TABLE:
        write_value(list(rows), output)
    elif rows:
        write_table(columns, [[readable(str(row.get(c, ""))) for c in columns] for row in rows])
    else:
        print(empty)


def write_value(value: Any, output: Format) -> None:
    """Write any JSON value as JSON or YAML."""
    if output is Format.YAML:
        import yaml

        print(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), end="")
    else:
        print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def write_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table; on a terminal states are coloured and long cells folded."""
    import sys

    titles = [header.replace("_", " ").upper() for header in headers]
    if not sys.stdout.isatty():
        widths = [max(len(r[i]) for r in [titles, *rows]) for i in range(len(titles))]
        for row in [titles, *rows]:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("   ".join(cells).rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    Console().print(table)
