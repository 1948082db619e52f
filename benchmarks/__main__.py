"""`python -m benchmarks`: measure, show, and write down."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime

import orjson
from rich.console import Console

from benchmarks.figure import Figure, number
from benchmarks.figures import MEASUREMENTS
from benchmarks.machine import this_machine
from benchmarks.report import body, page, table
from benchmarks.stage import REPOSITORY, Stage

PAGE = REPOSITORY / "docs" / "reference" / "figures.md"


def main() -> None:
    """Run the chosen measurements; exit code 1 when a limit is not kept."""
    arguments = _parser().parse_args()
    machine = this_machine()
    figures = asyncio.run(_measure(arguments.only or list(MEASUREMENTS)))
    if arguments.output == "json":
        print(orjson.dumps(body(machine, figures), option=orjson.OPT_INDENT_2).decode())
    else:
        Console().print(table(figures))
    if arguments.write:
        PAGE.write_text(page(machine, figures, datetime.now(UTC).date()))
    if not all(figure.kept for figure in figures):
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=MEASUREMENTS,
        metavar="NAME",
        help=f"one of {', '.join(MEASUREMENTS)}; may be repeated",
    )
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    parser.add_argument(
        "--write", action="store_true", help=f"write {PAGE.relative_to(REPOSITORY)}"
    )
    return parser


async def _measure(names: list[str]) -> list[Figure]:
    figures: list[Figure] = []
    with Stage() as stage:
        for name in names:
            print(f"measuring {name}", file=sys.stderr, flush=True)
            for figure in await MEASUREMENTS[name](stage):
                print(f"  {figure.name}: {number(figure.value)} {figure.unit}", file=sys.stderr)
                figures.append(figure)
    return figures


if __name__ == "__main__":
    main()
