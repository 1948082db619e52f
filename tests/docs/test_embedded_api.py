"""The page on what the embedded API does otherwise says what the differential suite knows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from support.differential import servers

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "reference" / "embedded-api.md").read_text()


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{area}: {case['case']}", step)
        for area in servers.AREAS
        for case in servers.cases(area)
        for step in case["steps"]
    ]


def test_every_difference_is_listed_with_its_reason_and_no_other() -> None:
    known = {(case, step["do"], step["differs"]) for case, step in steps() if "differs" in step}
    listed = re.findall(r"^\| ([^|]+) \| `([^`|]+)` \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert set(listed) == known
    assert len(listed) == len(known)


def test_the_numbers_are_those_of_the_suite() -> None:
    found = re.search(r"sends (\d+) requests .*?: (\d+) are identical.*?(\d+) differ", PAGE, re.S)
    assert found is not None
    total, different = len(steps()), sum("differs" in step for _, step in steps())
    assert [int(number) for number in found.groups()] == [total, total - different, different]
