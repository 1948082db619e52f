from __future__ import annotations

import pytest

from idp.capabilities.scanning.decide import (
    MAX_FINDINGS,
    combine,
    lowest_score,
    rating,
    shorten,
    summarise,
)
from idp.capabilities.scanning.reports import (
    DatabaseFacts,
    Finding,
    complete,
    incomplete,
    read_predicate,
)
from idp.kernel.errors import VerificationFailed

FACTS = DatabaseFacts(digest="sha256:0", updated="2026-11-20T00:00:00Z", records=1)


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (None, "unscored"),
        (0.0, "none"),
        (0.1, "low"),
        (3.9, "low"),
        (4.0, "medium"),
        (6.9, "medium"),
        (7.0, "high"),
        (8.9, "high"),
        (9.0, "critical"),
        (10.0, "critical"),
    ],
)
def test_ratings_are_those_of_cvss(score: float | None, word: str) -> None:
    assert rating(score) == word


def test_words_become_the_lowest_score_of_their_rating() -> None:
    assert [lowest_score(word) for word in ("HIGH", "Medium", "low", "UNDEFINED")] == [
        7.0,
        4.0,
        0.1,
        None,
    ]


def test_every_expected_scanner_has_one_report() -> None:
    old = complete("dependencies", "1", [Finding(id="A")])
    bandit, fresh = complete("bandit", "1", []), complete("dependencies", "2", [])
    reports = combine(["secrets", "bandit", "dependencies"], [bandit, old], [fresh], "why")
    assert reports == [bandit, fresh, incomplete("secrets", "why")]


def test_a_report_nobody_expected_is_kept() -> None:
    other = complete("other", "1", [])
    assert combine([], [other], [], "why") == [other]


def test_the_summary_names_counts_gaps_and_the_database() -> None:
    findings = [Finding(id="B", severity=9.8), Finding(id="A"), Finding(id="C", severity=0.1)]
    outputs = summarise(
        [complete("dependencies", "1", findings, FACTS), incomplete("bandit", "no sandbox")]
    )
    assert [finding["id"] for finding in outputs["findings"]] == ["A", "B", "C"]
    assert outputs["findings"][0]["scanner"] == "dependencies"
    assert outputs["counts"] == {
        "critical": 1,
        "high": 0,
        "medium": 0,
        "low": 1,
        "none": 0,
        "unscored": 1,
    }
    assert outputs["incomplete"] == [{"name": "bandit", "reason": "no sandbox"}]
    assert outputs["database"] == FACTS.model_dump()
    assert [scanner["name"] for scanner in outputs["scanners"]] == ["dependencies", "bandit"]


def test_what_does_not_fit_is_a_gap_and_the_worst_is_kept() -> None:
    many = [Finding(id=f"L{n}", severity=1.0) for n in range(MAX_FINDINGS)]
    short = shorten(complete("x", "1", [*many, Finding(id="worst", severity=9.9)]))
    assert short.status == "incomplete"
    assert f"{MAX_FINDINGS + 1} findings" in short.reason
    assert short.findings[0].id == "worst"
    assert len(short.findings) == MAX_FINDINGS


def test_a_predicate_is_read_back_and_new_fields_are_ignored() -> None:
    report = complete("dependencies", "1", [Finding(id="A")], FACTS)
    body = {"scanners": [{**report.model_dump(), "new": 1}], "time": "t", "policy": "p"}
    assert read_predicate(body).scanners == [report]


@pytest.mark.parametrize("body", [{}, {"scanners": 1, "time": ""}, {"scanners": [{}], "time": ""}])
def test_another_predicate_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(VerificationFailed, match="not a scan"):
        read_predicate(body)
