from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.environments.kinds import EvidenceRule
from idp.capabilities.promotion.decide.verdict import (
    DEMANDED,
    Evidence,
    EvidenceItem,
    Finding,
    ScannerReport,
    read_reports,
    shortened,
    verdict,
)

DIGEST = "sha256:" + "a" * 64
ITEMS = tuple(EvidenceItem(kind, DIGEST, "development") for kind in DEMANDED)


def clean(name: str = "code") -> ScannerReport:
    return ScannerReport(name, "clean")


def found(*severities: float | None, name: str = "dependencies") -> ScannerReport:
    findings = tuple(Finding(f"F-{n}", s, "lib") for n, s in enumerate(severities))
    return ScannerReport(name, "findings", "", findings)


def incomplete(name: str = "dependencies") -> ScannerReport:
    return ScannerReport(name, "incomplete", "there is no advisory database")


def judge(
    *scanned: ScannerReport,
    items: tuple[EvidenceItem, ...] = ITEMS,
    attested: tuple[ScannerReport, ...] = (),
    **rules: Any,
) -> tuple[str, list[tuple[int, str, str]]]:
    evidence = Evidence(DIGEST, items, attested, scanned)
    answer = verdict(evidence, EvidenceRule.model_validate(rules))
    return answer.decision, [(r.rule, r.effect, r.subject) for r in answer.rules]


@pytest.mark.parametrize(
    ("reports", "rules", "decision", "fired"),
    [
        ([clean()], {}, "Allow", []),
        ([found(3.0)], {}, "Allow", [(6, "note", "dependencies")]),
        ([found(8.9)], {}, "Allow", [(6, "note", "dependencies")]),
        ([found(9.0)], {}, "Deny", [(4, "deny", "F-0")]),
        ([found(7.0)], {"block_severity": 7.0}, "Deny", [(4, "deny", "F-0")]),
        (
            [found(9.8, 9.1, 2.0)],
            {},
            "Deny",
            [(4, "deny", "F-0"), (4, "deny", "F-1"), (6, "note", "dependencies")],
        ),
        ([found(None)], {}, "AllowWithObligations", [(5, "record", "dependencies-unscored")]),
        (
            [found(None, None)],
            {"unscored": "accept"},
            "NeedsAcceptance",
            [(5, "accept", "dependencies-unscored")],
        ),
        ([found(None)], {"unscored": "deny"}, "Deny", [(5, "deny", "dependencies-unscored")]),
        ([incomplete()], {}, "AllowWithObligations", [(3, "record", "dependencies")]),
        (
            [incomplete()],
            {"incomplete": "accept"},
            "NeedsAcceptance",
            [(3, "accept", "dependencies")],
        ),
        ([incomplete()], {"incomplete": "deny"}, "Deny", [(3, "deny", "dependencies")]),
        (
            [ScannerReport("code", "fine")],
            {"incomplete": "deny"},
            "Deny",
            [(3, "deny", "code")],
        ),
        ([], {}, "Deny", [(2, "deny", "scanners")]),
        ([found(10.0)], {"block_severity": 10.1}, "Allow", [(6, "note", "dependencies")]),
    ],
)
def test_rules(
    reports: list[ScannerReport],
    rules: dict[str, Any],
    decision: str,
    fired: list[tuple[int, str, str]],
) -> None:
    assert judge(*reports, **rules) == (decision, fired)


@pytest.mark.parametrize("missing", DEMANDED)
def test_each_kind_of_evidence_is_demanded(missing: str) -> None:
    items = tuple(item for item in ITEMS if item.kind != missing)
    assert judge(clean(), items=items) == ("Deny", [(1, "deny", missing)])


def test_fresh_report_replaces_the_attested_one_scanner_by_scanner() -> None:
    attested = (found(None, name="dependencies"), incomplete("code"))
    assert judge(clean("dependencies"), attested=attested) == (
        "AllowWithObligations",
        [(3, "record", "code")],
    )


def test_message_and_change_say_what_blocks_and_what_helps() -> None:
    answer = verdict(Evidence(DIGEST, ITEMS, (), (found(9.8),)), EvidenceRule())
    assert answer.message == (
        "denied: dependencies found F-0 in lib with severity 9.8: 9 or more blocks"
    )
    assert answer.change == "Fix F-0 in lib and push."


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x", "status": "clean", "findings": "none"}, "incomplete"),
        ({"name": "x", "status": "clean", "findings": ["text"]}, "incomplete"),
        ({"name": "x"}, "unknown"),
    ],
)
def test_malformed_report_is_never_clean(body: dict[str, Any], status: str) -> None:
    assert [r.status for r in read_reports([body])] == [status]
    assert judge(*read_reports([body]), incomplete="deny")[0] == "Deny"


@pytest.mark.parametrize("body", [None, {}, "clean", [1, 2]])
def test_no_readable_report_denies(body: object) -> None:
    assert judge(*read_reports(body))[0] == "Deny"


@pytest.mark.parametrize("severity", [True, "9.8", [9.8]])
def test_a_score_that_is_no_number_is_no_score(severity: object) -> None:
    body = [{"name": "x", "status": "findings", "findings": [{"id": "A", "severity": severity}]}]
    assert read_reports(body)[0].findings[0].severity is None


def test_many_findings_are_shortened_worst_first_and_never_silently() -> None:
    long = found(*([1.0] * 300), 9.8, None)
    (body,) = shortened([long])
    assert [f["severity"] for f in body["findings"][:3]] == [None, 9.8, 1.0]
    assert len(body["findings"]) == 200
    assert "302 findings, of which only the worst 200" in body["reason"]
    assert judge(*read_reports([body]), incomplete="deny")[1][0] == (3, "deny", "dependencies")
    (same,) = read_reports(shortened([found(3.0)]))
    assert same == found(3.0)


reports = st.lists(
    st.builds(
        ScannerReport,
        name=st.sampled_from(["code", "dependencies", "secrets"]),
        status=st.sampled_from(["clean", "findings", "incomplete", "?"]),
        reason=st.text(max_size=5),
        findings=st.lists(
            st.builds(
                Finding,
                id=st.text(min_size=1, max_size=5),
                severity=st.none() | st.floats(0, 10),
            ),
            max_size=4,
        ).map(tuple),
    ),
    max_size=4,
)
rules = st.builds(
    EvidenceRule,
    incomplete=st.sampled_from(["record", "accept", "deny"]),
    block_severity=st.floats(0, 10.1),
    unscored=st.sampled_from(["record", "accept", "deny"]),
)
STRICTNESS = ["Allow", "AllowWithObligations", "NeedsAcceptance", "Deny"]


@given(reports, rules)
def test_decision_is_the_strictest_effect(scanned: list[ScannerReport], rule: EvidenceRule) -> None:
    answer = verdict(Evidence(DIGEST, ITEMS, (), scanned), rule)
    effects = {r.effect for r in answer.rules}
    expected = (
        "Deny"
        if "deny" in effects
        else "NeedsAcceptance"
        if "accept" in effects
        else "AllowWithObligations"
        if "record" in effects
        else "Allow"
    )
    assert answer.decision == expected


@given(reports, reports, rules)
def test_a_further_bad_report_never_makes_it_milder(
    scanned: list[ScannerReport], attested: list[ScannerReport], rule: EvidenceRule
) -> None:
    before = verdict(Evidence(DIGEST, ITEMS, attested, scanned), rule)
    worse = [*scanned, ScannerReport("zzz", "incomplete")]
    after = verdict(Evidence(DIGEST, ITEMS, attested, worse), rule)
    if before.rules and before.rules[0].rule == 2:
        return
    assert STRICTNESS.index(after.decision) >= STRICTNESS.index(before.decision)
    assert after.evidence_digest != before.evidence_digest


@given(reports, rules)
def test_a_blocking_finding_always_denies(scanned: list[ScannerReport], rule: EvidenceRule) -> None:
    blocking = ScannerReport("zzz", "findings", "", (Finding("F", 10.0),))
    answer = verdict(Evidence(DIGEST, ITEMS, (), [*scanned, blocking]), rule)
    assert (answer.decision == "Deny") or rule.block_severity > 10.0
