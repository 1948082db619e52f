from __future__ import annotations

import pytest

from idp.embedded.workflows.durations import parse_duration
from idp.kernel.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("20", 20), ("1m", 60), ("1h30m", 5400), ("1.5s", 1.5), ("250ms", 0.25), (" 2 ", 2)],
)
def test_reads_seconds_and_go_durations(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "1d", "1m 2s", "99999h", "1" * 30, "1h" * 2 + "x"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_duration(text)
