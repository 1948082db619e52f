from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from idp.capabilities.scanning.history.exceptions import state_exceptions
from idp.capabilities.scanning.kinds import VulnerabilityException
from idp.capabilities.scanning.reports import Finding, complete

NOW = "2026-01-15T00:00:00Z"
UNSCORED = Finding(id="U-1", package="requests")
CRITICAL = Finding(id="GHSA-c", aliases=["CVE-2026-0001"], package="flask", severity=9.8)
MEDIUM = Finding(id="B608", location="/app/a.py:3", severity=4.0)


def exception(name: str = "e", **spec: Any) -> VulnerabilityException:
    body = {
        "finding": "GHSA-c",
        "reason": "not reachable",
        "expires": "2026-02-01T00:00:00Z",
        "author": "ada",
        "approver": "grace",
        **spec,
    }
    meta = {"name": name, "namespace": "demo"}
    return VulnerabilityException.parse({"metadata": meta, "spec": body})


@pytest.fixture
def filled(history: Any) -> Any:
    history.reports(
        1, [complete("deps", "1", [CRITICAL, UNSCORED]), complete("code", "1", [MEDIUM])]
    )
    history.reports(2, [complete("code", "1", [MEDIUM])], application="other")
    return history


def state(history: Any, *exceptions: VulnerabilityException, now: str = NOW) -> dict[str, int]:
    return state_exceptions(history.database, "demo", exceptions, datetime.fromisoformat(now))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["U-1", "GHSA-c", "B608", "B608"]),
        ({"application": "hello"}, ["U-1", "GHSA-c", "B608"]),
        ({"namespace": "elsewhere"}, []),
        ({"band": "critical"}, ["GHSA-c"]),
        ({"scanner": "code", "application": "other"}, ["B608"]),
        ({"name": "CVE-2026-0001"}, ["GHSA-c"]),
        ({"name": "GHSA-c"}, ["GHSA-c"]),
        ({"name": "CVE-2026-000"}, []),
        ({"name": "%"}, []),
        ({"state": "open", "limit": 2}, ["U-1", "GHSA-c"]),
        ({"state": "fixed"}, []),
        ({"overdue": True}, ["GHSA-c"]),
        ({"overdue": True, "now": "2026-01-05T00:00:00Z"}, []),
    ],
)
def test_the_worst_come_first(filled: Any, wanted: dict[str, Any], found: list[str]) -> None:
    assert [f.finding for f in filled.find(**{"now": NOW, **wanted})] == found


def test_an_exception_is_stated_until_its_end(filled: Any) -> None:
    assert state(filled, exception()) == {"e": 1}
    (accepted,) = filled.find(now=NOW, state="accepted")
    assert (accepted.finding, accepted.exception) == ("GHSA-c", "e")
    assert accepted.excepted_until == "2026-02-01T00:00:00Z"
    assert filled.find(now="2026-02-02T00:00:00Z", state="accepted") == []
    assert "GHSA-c" in [f.finding for f in filled.find(now="2026-02-02T00:00:00Z", state="open")]
    assert filled.find(now=NOW, overdue=True) == []


def test_not_affected_is_a_false_positive_with_its_justification(filled: Any) -> None:
    justified = exception(
        finding="CVE-2026-0001",
        disposition="notAffected",
        justification="vulnerable_code_not_present",
    )
    state(filled, justified)
    (positive,) = filled.find(now=NOW, state="false-positive")
    assert positive.justification == "vulnerable_code_not_present"


def test_a_revoked_exception_leaves_nothing(filled: Any) -> None:
    state(filled, exception())
    assert state(filled) == {}
    assert filled.find(now=NOW, state="accepted") == []


@pytest.mark.parametrize(
    "spec",
    [
        {"approver": ""},
        {"approver": "ada"},
        {"expires": "2026-01-14T00:00:00Z"},
        {"application": "other"},
        {"package": "jinja2"},
        {"scanner": "code"},
    ],
)
def test_what_does_not_count_or_is_not_about_it_changes_nothing(
    filled: Any, spec: dict[str, str]
) -> None:
    state(filled, exception(**spec))
    assert filled.find(now=NOW, state="accepted") == []


def test_the_longest_exception_is_stated(filled: Any) -> None:
    state(filled, exception("short"), exception("long", expires="2026-03-01T00:00:00Z"))
    (accepted,) = filled.find(now=NOW, state="accepted")
    assert accepted.exception == "long"


def test_a_scan_keeps_what_an_exception_stated(filled: Any) -> None:
    state(filled, exception())
    filled.reports(3, [complete("deps", "1", [CRITICAL])])
    assert [f.exception for f in filled.find(now=NOW, state="accepted")] == ["e"]
