from __future__ import annotations

import asyncio
import sys
from datetime import date
from pathlib import Path

import orjson
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))  # benchmarks are not installed with the package

from benchmarks.figure import Figure, Peer, number  # noqa: E402
from benchmarks.figures import decisions  # noqa: E402
from benchmarks.machine import Machine  # noqa: E402
from benchmarks.record import Screen  # noqa: E402
from benchmarks.report import page  # noqa: E402

MACHINE = Machine(2, 24.0, "a processor", "Linux 6", "3.11.7", 0.5)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.12, "0.12"), (12.34, "12.3"), (123.4, "123"), (9e4, "90,000")],
)
def test_numbers_have_the_digits_that_were_measured(value: float, shown: str) -> None:
    assert number(value) == shown


def test_the_page_names_machine_limit_and_peer() -> None:
    figures = [
        Figure("Start", 12.0, "s", 10.0),
        Figure("Creates", 700.0, "1/s", peer=Peer("SQLite", 750.0), note="of one row"),
    ]
    text = page(MACHINE, figures, date(2026, 11, 24))
    assert "2 cores\n(a processor)" in text
    assert "| Start | 12.0 s (missed) | 10.0 s |  |  |" in text
    assert "| Creates | 700 1/s |  | 750 1/s, SQLite | of one row |" in text


def test_a_redrawn_tree_leaves_its_last_state() -> None:
    screen = Screen()
    screen.feed("$ run\r\n\x1b[?25lone\r\ntwo\r\x1b[2K\x1b[1A\x1b[2K\x1b[32mone\x1b[0m done\r\n")
    screen.feed("two done\r\n\x1b[?25h")
    assert screen.text().plain == "$ run\none done\ntwo done"


async def test_promotions_at_once_all_commit() -> None:
    at_once = await decisions.at_once(8)
    assert at_once.name == "8 promotions at once, four environments"
    assert len(await decisions.one_by_one(3)) == len(decisions.SHARES)


async def test_the_cheapest_measurement_runs_and_keeps_its_limit() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks", "--only", "command-line", "-o", "json"),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    answer = orjson.loads(output)
    assert [figure["unit"] for figure in answer["figures"]] == ["ms"]
    assert answer["figures"][0]["value"] > answer["figures"][0]["peer"]["value"]
