from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.scanning.history.queries import trend
from idp.capabilities.scanning.kinds import DueDays
from idp.capabilities.scanning.reports import Finding, complete, incomplete

A = Finding(id="GHSA-a", package="flask", version="1.0", severity=7.5, summary="Bad")
B = Finding(id="B101", location="/app/a.py:1", severity=0.1, context="c")


def test_first_and_last_time_are_kept(history: Any) -> None:
    history.scan(1, A)
    history.scan(2, A.model_copy(update={"version": "1.1"}), B, owner="paul")
    first, second = history.find()
    assert (first.finding, first.version, first.owner) == ("GHSA-a", "1.1", "maya")
    assert (first.first_seen[:10], first.last_seen[:10]) == ("2026-01-01", "2026-01-02")
    assert (first.first_image, first.last_image) == ("sha256:1", "sha256:2")
    assert (second.finding, second.owner, second.state) == ("B101", "paul", "open")


def test_a_scan_is_taken_in_once(history: Any) -> None:
    assert history.scan(1, A)
    assert not history.scan(1, A, B)
    assert [f.finding for f in history.find()] == ["GHSA-a"]
    assert len(trend(history.database, "demo", "hello")) == 1


def test_what_a_complete_scan_does_not_find_is_fixed(history: Any) -> None:
    history.scan(1, A, B)
    history.scan(2, B.model_copy(update={"location": "/app/a.py:40"}))
    assert history.states() == {"GHSA-a": "fixed", "B101": "open"}
    (fixed,) = history.find(state="fixed")
    assert fixed.fixed_at == "2026-01-02T00:00:00Z"


def test_an_incomplete_scanner_fixes_nothing(history: Any) -> None:
    history.scan(1, A)
    history.reports(2, [incomplete("x", "no data")])
    history.reports(3, [complete("another", "1", [])])
    assert history.states() == {"GHSA-a": "open"}


def test_what_comes_back_is_open_with_a_new_date(history: Any) -> None:
    history.scan(1, A)
    history.scan(2)
    history.scan(3, A)
    (again,) = history.find()
    assert (again.state, again.first_seen[:10]) == ("open", "2026-01-01")
    assert again.due == "2026-02-02T00:00:00Z"


def test_the_due_date_stays_while_the_band_does(history: Any) -> None:
    history.scan(1, A)
    history.scan(2, A.model_copy(update={"severity": 8.0}), due=DueDays(high=1))
    assert history.find()[0].due == "2026-01-31T00:00:00Z"
    history.scan(3, A.model_copy(update={"severity": 9.8}))
    (worse,) = history.find()
    assert (worse.band, worse.due) == ("critical", "2026-01-10T00:00:00Z")


@pytest.mark.parametrize(
    ("severity", "due"),
    [
        (9.0, "2026-01-02"),
        (7.0, "2026-01-03"),
        (4.0, "2026-01-04"),
        (0.1, "2026-01-05"),
        (None, "2026-01-06"),
    ],
)
def test_due_dates_go_by_band(history: Any, severity: float | None, due: str) -> None:
    days = DueDays(critical=1, high=2, medium=3, low=4, unscored=5)
    history.scan(1, A.model_copy(update={"severity": severity}), due=days)
    assert history.find()[0].due == f"{due}T00:00:00Z"


def test_applications_are_apart(history: Any) -> None:
    history.scan(1, A)
    history.scan(2, application="other")
    history.scan(3, namespace="elsewhere")
    assert history.states() == {"GHSA-a": "open"}


def test_the_same_finding_twice_in_one_report_is_two(history: Any) -> None:
    history.scan(1, B, B)
    assert len(history.find()) == 2
    history.scan(2, B)
    assert sorted(f.state for f in history.find()) == ["fixed", "open"]


def test_the_trend_tells_what_each_scan_left(history: Any) -> None:
    unscored = Finding(id="U", package="x")
    history.scan(1, A, B)
    history.reports(2, [complete("x", "1", [B, unscored]), incomplete("y", "no data")])
    first, second = trend(history.database, "demo", "hello")
    assert (first.added, first.fixed, first.high, first.low) == (2, 0, 1, 1)
    assert (second.added, second.fixed) == (1, 1)
    assert (second.high, second.low, second.unscored) == (0, 1, 1)
    assert (second.incomplete, second.image) == ("y", "sha256:2")
