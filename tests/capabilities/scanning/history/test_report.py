from __future__ import annotations

from datetime import datetime
from typing import Any

from idp.capabilities.scanning.history.exceptions import state_exceptions
from idp.capabilities.scanning.history.report import standings
from idp.capabilities.scanning.kinds import VulnerabilityException
from idp.capabilities.scanning.reports import Finding

NOW = "2026-01-20T00:00:00Z"
CRITICAL = Finding(id="C", package="a", severity=9.8)
MEDIUM = Finding(id="M", package="b", severity=5.0)
UNSCORED = Finding(id="U", package="c")


def test_counts_dates_and_how_long_repairs_take(history: Any) -> None:
    history.scan(1, CRITICAL, MEDIUM, UNSCORED)
    history.scan(4, CRITICAL, UNSCORED)
    history.scan(6, MEDIUM, application="calm")
    first, second = standings(history.database, NOW)
    assert (first.application, first.critical, first.medium, first.unscored) == ("hello", 1, 0, 1)
    assert (first.fixed, first.days_to_fix, first.overdue) == (1, 3.0, 1)
    assert first.next_due == "2026-01-08T00:00:00Z"
    assert (second.application, second.medium, second.days_to_fix) == ("calm", 1, None)


def test_what_is_excepted_is_neither_open_nor_overdue(history: Any) -> None:
    history.scan(1, CRITICAL)
    spec = {
        "finding": "C",
        "reason": "r",
        "author": "ada",
        "approver": "grace",
        "expires": "2026-02-01T00:00:00Z",
    }
    exception = VulnerabilityException.parse({"metadata": {"name": "e"}, "spec": spec})
    state_exceptions(history.database, "demo", [exception], datetime.fromisoformat(NOW))
    (standing,) = standings(history.database, NOW, "demo", "hello")
    assert (standing.critical, standing.excepted, standing.overdue) == (0, 1, 0)
    assert standing.next_due == ""
    (later,) = standings(history.database, "2026-02-02T00:00:00Z")
    assert (later.critical, later.excepted) == (1, 0)


def test_nothing_was_scanned(history: Any) -> None:
    assert standings(history.database, NOW, "demo") == []
