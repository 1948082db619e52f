"""The figures as a table, as JSON, and as the page `docs/reference/figures.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.table import Table

from benchmarks.figure import Figure, number
from benchmarks.machine import Machine

COLUMNS = ("Figure", "Measured", "Limit", "Peer", "How")
_INTRODUCTION = """\
# Figures

Measured on {day} by `python -m benchmarks --write`, which wrote this page: {cores} cores
({processor}), {memory:.0f} GiB of memory, {kernel}, Python {python}. In the minute before,
{load:.1f} other processes on average wanted a core; on an idle machine wall times are shorter.

A *limit* is what the figure may be at most; the command fails when one is not kept. A *peer* did
the same work in the same run.
"""


def rows(figures: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    """The cells of the table."""
    for figure in figures:
        peer = figure.peer
        yield (
            figure.name,
            f"{number(figure.value)} {figure.unit}" + ("" if figure.kept else " (missed)"),
            "" if figure.limit is None else f"{number(figure.limit)} {figure.unit}",
            "" if peer is None else f"{number(peer.value)} {figure.unit}, {peer.name}",
            figure.note,
        )


def table(figures: Sequence[Figure]) -> Table:
    """For a terminal."""
    found = Table(*COLUMNS)
    for row in rows(figures):
        found.add_row(*row)
    return found


def body(machine: Machine, figures: Sequence[Figure]) -> dict[str, Any]:
    """For programs."""
    return {
        "machine": asdict(machine),
        "figures": [{**asdict(figure), "kept": figure.kept} for figure in figures],
    }


def page(machine: Machine, figures: Sequence[Figure], day: date) -> str:
    """For readers."""
    lines = [
        _INTRODUCTION.format(day=day.isoformat(), **asdict(machine)),
        f"| {' | '.join(COLUMNS)} |",
        f"|{' --- |' * len(COLUMNS)}",
        *(f"| {' | '.join(row)} |" for row in rows(figures)),
    ]
    return "\n".join(lines) + "\n"
