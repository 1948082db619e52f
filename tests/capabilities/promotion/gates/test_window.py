from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.environments.kinds import (
    WEEKDAYS,
    WindowException,
    WindowHours,
    WindowRule,
)
from idp.capabilities.promotion.gates.window import decide

WORKDAYS = list(WEEKDAYS[:5])


def rule(**changes: Any) -> WindowRule:
    office = WindowHours(days=WORKDAYS, start="09:00", end="17:00")
    return WindowRule(**{"zone": "Europe/Zurich", "open": [office], **changes})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-25T08:00:00", None),  # 09:00 in Zurich, a Wednesday
        ("2026-11-25T15:59:59", None),
        ("2026-11-25T16:00:00", "2026-11-26T08:00:00"),
        ("2026-11-25T07:59:59", "2026-11-25T08:00:00"),
        ("2026-11-27T20:00:00", "2026-11-30T08:00:00"),  # over the week-end
        ("2026-03-27T20:00:00", "2026-03-30T07:00:00"),  # over the change to summer time
        ("2026-10-23T20:00:00", "2026-10-26T08:00:00"),  # and back
    ],
)
def test_office_hours_in_zurich(now: str, opens: str | None) -> None:
    answer = decide(rule(), at(now))
    assert answer.state == ("Open" if opens is None else "Waiting")
    assert answer.until == (None if opens is None else at(opens))


def test_it_says_when_it_opens_in_its_own_zone() -> None:
    answer = decide(rule(), at("2026-11-27T20:00:00"))
    assert answer.message == "the window opens on Mon 2026-11-30 09:00 Europe/Zurich"


def test_open_it_says_until_when() -> None:
    answer = decide(rule(), at("2026-11-25T10:00:00"))
    assert answer.evidence["closes"] == "2026-11-25T16:00:00Z"


def test_no_window_begins_on_a_closed_day() -> None:
    holidays = WindowException(first=date(2026, 12, 24), last=date(2027, 1, 3), reason="holidays")
    answer = decide(rule(closed=[holidays]), at("2026-12-24T10:00:00"))
    assert answer.until == at("2027-01-04T08:00:00")


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    night = WindowHours(days=["Fri"], start="22:00", end="04:00")
    nightly = rule(zone="UTC", open=[night])
    assert decide(nightly, at("2026-11-28T03:59:00")).state == "Open"
    assert decide(nightly, at("2026-11-28T04:00:00")).until == at("2026-12-04T22:00:00")
    closed = rule(zone="UTC", open=[night], closed=[WindowException(first=date(2026, 11, 28))])
    assert decide(closed, at("2026-11-28T03:00:00")).state == "Open"


def test_a_time_that_the_clock_skips_opens_when_it_has_been_skipped() -> None:
    early = rule(open=[WindowHours(days=["Sun"], start="02:30", end="06:00")])
    assert decide(early, at("2026-03-29T00:00:00")).until == at("2026-03-29T01:30:00")


def test_a_zone_that_there_is_not_refuses() -> None:
    answer = decide(rule(zone="Europe/Atlantis"), at("2026-11-25T10:00:00"))
    assert (answer.state, answer.message) == (
        "Refused",
        "there is no time zone 'Europe/Atlantis'",
    )


def test_a_window_that_never_opens_refuses() -> None:
    forever = WindowException(first=date(2020, 1, 1), last=date(2040, 1, 1))
    assert decide(rule(closed=[forever]), at("2026-11-25T10:00:00")).state == "Refused"


hours = st.builds(
    WindowHours,
    days=st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3),
    start=st.sampled_from(["00:00", "02:30", "09:00", "23:30"]),
    end=st.sampled_from(["00:00", "02:30", "09:00", "17:00"]),
)


@given(
    st.lists(hours, min_size=1, max_size=3),
    st.sampled_from(["UTC", "Europe/Zurich", "America/Sao_Paulo", "Pacific/Apia"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
)
def test_it_is_open_at_the_moment_that_it_names_and_not_before(
    open_: list[WindowHours], zone: str, naive: datetime
) -> None:
    some, now = rule(open=open_, zone=zone), naive.replace(tzinfo=UTC)
    answer = decide(some, now)
    if answer.until is None:
        assert answer.state == "Open"
        return
    assert decide(some, answer.until).state == "Open"
    assert decide(some, answer.until - timedelta(seconds=1)).state == "Waiting"
