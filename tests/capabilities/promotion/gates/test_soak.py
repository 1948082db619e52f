from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp.capabilities.environments.kinds import SoakRule
from idp.capabilities.promotion.gates.soak import decide

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = SoakRule(minutes=60)


@pytest.mark.parametrize(
    ("minutes_ago", "state"),
    [(0, "Waiting"), (59, "Waiting"), (60, "Open"), (600, "Open"), (-5, "Waiting")],
)
def test_it_opens_when_the_time_is_over(minutes_ago: int, state: str) -> None:
    answer = decide(HOUR, "staging", NOW - timedelta(minutes=minutes_ago), NOW)
    assert answer.state == state


def test_waiting_says_for_what_and_until_when() -> None:
    answer = decide(HOUR, "staging", NOW - timedelta(minutes=20), NOW)
    assert answer.until == NOW + timedelta(minutes=40)
    assert answer.message == (
        "60 min in staging, where it was verified at 2026-11-25T11:40:00Z; "
        "until 2026-11-25T12:40:00Z"
    )


def test_a_statement_from_the_future_does_not_open_it() -> None:
    answer = decide(HOUR, "staging", NOW + timedelta(days=1), NOW)
    assert "is to come" in answer.message


@pytest.mark.parametrize("previous", [None, "staging"])
def test_without_a_known_time_it_refuses(previous: str | None) -> None:
    assert decide(HOUR, previous, None, NOW).state == "Refused"
