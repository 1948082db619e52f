"""One table of cases, decided twice: by the built-in rules and by the Rego module."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.capabilities.promotion.decide import builtin, rego
from idp.capabilities.promotion.decide.evidence import (
    Evidence,
    EvidenceItem,
    Finding,
    ScannerReport,
    read_reports,
    shortened,
)
from idp.capabilities.promotion.decide.exceptions import Exemption
from idp.capabilities.promotion.decide.verdict import Case, Verdict
from idp.capabilities.scanning.kinds import (
    DEMANDED,
    SecurityProfileSpec,
    VulnerabilityExceptionSpec,
)
from idp.kernel.clock import timestamp
from idp.protocols.rego import evaluate

DIGEST = "sha256:" + "a" * 64
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ITEMS = tuple(EvidenceItem(kind, DIGEST, "development") for kind in DEMANDED)
Fired = list[tuple[int, str, str]]


def at(days: float) -> datetime:
    return NOW - timedelta(days=days)


def ago(days: float) -> str:
    return timestamp(at(days))


def clean(name: str = "code", **changes: Any) -> ScannerReport:
    return replace(ScannerReport(name, "clean", made=at(1)), **changes)


def found(*severities: float | None, name: str = "dependencies", **changes: Any) -> ScannerReport:
    findings = tuple(
        Finding(f"F-{n}", s, "lib", "1.0", aliases=(f"CVE-{n}",)) for n, s in enumerate(severities)
    )
    return replace(ScannerReport(name, "findings", "", findings, at(1)), **changes)


def incomplete(name: str = "dependencies") -> ScannerReport:
    return ScannerReport(name, "incomplete", "there is no advisory database")


def exemption(name: str = "e", **spec: Any) -> Exemption:
    body = {
        "finding": "F-0",
        "reason": "unreachable",
        "author": "ada",
        "approver": "grace",
        "expires": ago(-10),
        **spec,
    }
    return Exemption(name, f"uid-{name}", VulnerabilityExceptionSpec.model_validate(body))


def case(
    *scanned: ScannerReport,
    items: tuple[EvidenceItem, ...] = ITEMS,
    attested: tuple[ScannerReport, ...] = (),
    exemptions: tuple[Exemption, ...] = (),
    **profile: Any,
) -> Case:
    evidence = Evidence(DIGEST, items, attested, scanned)
    spec = SecurityProfileSpec.model_validate(profile)
    return Case("hello", evidence, spec, exemptions, NOW)


def fired(answer: Verdict) -> Fired:
    return [(rule.rule, rule.effect, rule.subject) for rule in answer.rules]


DENIED = [(5, "deny", "F-0")]
CASES: dict[str, tuple[Case, str, Fired]] = {
    "clean": (case(clean()), "Allow", []),
    "low": (case(found(3.9)), "Allow", [(5, "record", "dependencies-low")]),
    "nought": (case(found(0.0)), "Allow", [(5, "record", "dependencies-low")]),
    "medium": (
        case(found(4.0, 6.9)),
        "AllowWithObligations",
        [(5, "track", "dependencies-medium")],
    ),
    "high-in-production": (case(found(7.0)), "Deny", DENIED),
    "high-in-staging": (
        case(found(7.0, 8.9), severity={"high": "approve"}),
        "NeedsApproval",
        [(5, "approve", "dependencies-high")],
    ),
    "critical": (case(found(9.0), severity={"high": "approve"}), "Deny", DENIED),
    "worst-of-several": (
        case(found(9.8, 9.1, 5.0, 2.0)),
        "Deny",
        [
            (5, "deny", "F-0"),
            (5, "deny", "F-1"),
            (5, "track", "dependencies-medium"),
            (5, "record", "dependencies-low"),
        ],
    ),
    "many": (
        case(found(*[5.0] * 7)),
        "AllowWithObligations",
        [(5, "track", "dependencies-medium")],
    ),
    "unscored": (case(found(None)), "Deny", [(6, "deny", "F-0")]),
    "unscored-approved": (
        case(found(None, None), severity={"unscored": "approve"}),
        "NeedsApproval",
        [(6, "approve", "dependencies-unscored")],
    ),
    "incomplete": (case(incomplete()), "NeedsApproval", [(3, "approve", "dependencies")]),
    "incomplete-tracked": (
        case(incomplete(), incomplete="track"),
        "AllowWithObligations",
        [(3, "track", "dependencies")],
    ),
    "incomplete-denied": (
        case(incomplete(), incomplete="deny"),
        "Deny",
        [(3, "deny", "dependencies")],
    ),
    "unknown-status": (
        case(ScannerReport("code", "fine"), incomplete="deny"),
        "Deny",
        [(3, "deny", "code")],
    ),
    "no-report": (case(), "Deny", [(2, "deny", "scanners")]),
    "demanded-and-missing": (
        case(clean(), tools={"code": "attested", "secrets": "run", "bandit": "off"}),
        "NeedsApproval",
        [(3, "approve", "secrets")],
    ),
    "turned-off": (
        case(clean(), found(9.9, name="bandit"), tools={"bandit": "off"}),
        "Allow",
        [(9, "record", "bandit")],
    ),
    "turned-off-and-incomplete": (
        case(clean(), incomplete("bandit"), tools={"bandit": "off"}),
        "Allow",
        [],
    ),
    "old-report": (
        case(clean(made=at(31))),
        "NeedsApproval",
        [(4, "approve", "code-stale")],
    ),
    "report-at-its-limit": (
        case(clean(made=at(30))),
        "NeedsApproval",
        [(4, "approve", "code-stale")],
    ),
    "report-of-unknown-age": (
        case(clean(made=None), incomplete="deny"),
        "Deny",
        [(4, "deny", "code-stale")],
    ),
    "old-advisories": (
        case(clean(advisories=at(8))),
        "NeedsApproval",
        [(4, "approve", "code-stale")],
    ),
    "fresh-advisories": (case(clean(advisories=at(6))), "Allow", []),
    "excepted": (
        case(found(9.8), exemptions=(exemption(),)),
        "Allow",
        [(7, "record", "F-0")],
    ),
    "excepted-by-alias": (
        case(found(9.8), exemptions=(exemption(finding="CVE-0", package="lib", version="1.0"),)),
        "Allow",
        [(7, "record", "F-0")],
    ),
    "excepted-without-a-score": (
        case(found(None), exemptions=(exemption(application="hello"),)),
        "Allow",
        [(7, "record", "F-0")],
    ),
    "another-application": (
        case(found(9.8), exemptions=(exemption(application="other"),)),
        "Deny",
        DENIED,
    ),
    "another-version": (
        case(found(9.8), exemptions=(exemption(version="2.0"),)),
        "Deny",
        DENIED,
    ),
    "another-scanner": (
        case(found(9.8), exemptions=(exemption(scanner="code"),)),
        "Deny",
        DENIED,
    ),
    "not-approved": (
        case(found(9.8), exemptions=(exemption(approver=""),)),
        "Deny",
        [*DENIED, (8, "record", "e")],
    ),
    "approved-by-its-author": (
        case(found(9.8), exemptions=(exemption(approver="ada"),)),
        "Deny",
        [*DENIED, (8, "record", "e")],
    ),
    "expired": (
        case(found(9.8), exemptions=(exemption(expires=ago(0)),)),
        "Deny",
        [*DENIED, (8, "record", "e")],
    ),
    "one-counts-beside-an-expired-one": (
        case(found(9.8), exemptions=(exemption("a", expires=ago(1)), exemption("b"))),
        "Allow",
        [(7, "record", "F-0")],
    ),
    "an-exception-closes-no-gap": (
        case(incomplete(), exemptions=(exemption(finding="dependencies"),), incomplete="deny"),
        "Deny",
        [(3, "deny", "dependencies")],
    ),
    "verified-is-demanded": (
        case(clean(), evidence=[*DEMANDED, "verified"]),
        "Deny",
        [(1, "deny", "verified")],
    ),
    **{
        f"without-{kind}": (
            case(clean(), items=tuple(item for item in ITEMS if item.kind != kind)),
            "Deny",
            [(1, "deny", kind)],
        )
        for kind in DEMANDED
    },
    "fresh-replaces-attested": (
        case(
            clean("dependencies"),
            attested=(found(9.8), incomplete("code")),
            incomplete="track",
        ),
        "AllowWithObligations",
        [(3, "track", "code")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_table(name: str) -> None:
    given_case, decision, rules = CASES[name]
    answer = builtin.verdict(given_case)
    assert (answer.decision, fired(answer)) == (decision, rules)
    assert rego.verdict(given_case, evaluate) == answer, "word for word"


def test_message_and_change_say_what_blocks_and_what_helps() -> None:
    answer = builtin.verdict(case(found(9.8)))
    assert answer.message == (
        "denied: dependencies found F-0 in lib with severity 9.8: critical blocks"
    )
    assert answer.change == "Fix F-0 in lib and push, or have an exception approved."


def test_an_obligation_has_a_date() -> None:
    (rule,) = builtin.verdict(case(found(5.0), dueDays={"medium": 14})).rules
    assert rule.due == ago(-14)
    assert rule.message == "dependencies found 1 medium: F-0, due within 14 days"


@pytest.mark.parametrize(
    ("judged", "days"),
    [
        (case(clean(made=at(1))), 29),
        (case(clean(made=at(1), advisories=at(6.5))), 0.5),
        (case(found(9.8), exemptions=(exemption(expires=ago(-2)),)), 2),
        (case(incomplete()), None),
        (case(clean(), exemptions=(exemption(expires=ago(-2)),)), 29),
    ],
)
def test_a_verdict_holds_until_something_that_it_stands_on_is_too_old(
    judged: Case, days: float | None
) -> None:
    expected = None if days is None else NOW + timedelta(days=days)
    assert builtin.verdict(judged).valid_until == expected


def test_the_digest_covers_exceptions_profile_and_module() -> None:
    judged = case(found(9.8), exemptions=(exemption(),))
    changed = (
        replace(judged, exemptions=()),
        replace(judged, profile=SecurityProfileSpec(incomplete="deny")),
        replace(judged, profile=SecurityProfileSpec(rego="package idp.verdict")),
        replace(judged, application="other"),
    )
    digests = {builtin.verdict(c).evidence_digest for c in (judged, *changed)}
    assert len(digests) == 5
    assert builtin.verdict(replace(judged, now=NOW + timedelta(hours=1))).evidence_digest in digests


OWN = """package idp.verdict
import rego.v1
rules contains {"effect": "approve", "subject": "big"} if count(input.reports) > 1
rules contains {"effect": "track", "subject": "always", "dueDays": 2} if true
"""


def test_a_module_of_a_users_own_replaces_the_rules() -> None:
    answer = rego.verdict(case(found(9.8), rego=OWN), evaluate)
    assert (answer.decision, fired(answer)) == ("AllowWithObligations", [(0, "track", "always")])
    assert answer.rules[0].due == ago(-2)
    assert (
        rego.verdict(case(clean("a"), clean("b"), rego=OWN), evaluate).decision == "NeedsApproval"
    )


def test_a_module_that_takes_too_long_denies() -> None:
    forever = (
        "package idp.verdict\nimport rego.v1\n"
        'rules contains {"effect": "record", "subject": "a"} if count([1 |\n'
        "  some a in numbers.range(1, 9000); some b in numbers.range(1, 9000)\n"
        "  some c in numbers.range(1, 9000)]) > 1"
    )
    answer = rego.verdict(case(clean(), rego=forever), partial(evaluate, timeout=0.3))
    assert answer.decision == "Deny"
    assert "did not answer within 0.3 s" in answer.message


@pytest.mark.parametrize(
    "module",
    [
        "package idp.verdict\nrules := ",
        "package elsewhere\nrules := []",
        "package idp.verdict\nrules := 7",
        "package idp.verdict\nrules := ['x']",
        'package idp.verdict\nimport rego.v1\nrules contains {"effect": "shrug", "subject": "a"}',
        'package idp.verdict\nimport rego.v1\nrules contains {"effect": "record"}',
        "package idp.verdict\nimport rego.v1\nrules := http.send({})",
    ],
)
def test_a_module_that_cannot_decide_denies(module: str) -> None:
    answer = rego.verdict(case(clean(), rego=module), evaluate)
    assert (answer.decision, fired(answer)) == ("Deny", [(0, "deny", "rego")])
    assert "the Rego module cannot decide" in answer.message
    assert "Correct spec.rego" in answer.change


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x", "status": "clean", "findings": "none"}, "incomplete"),
        ({"name": "x", "status": "clean", "findings": ["text"]}, "incomplete"),
        ({"name": "x"}, "unknown"),
        ({"name": "x", "status": "clean", "database": {"updated": "long ago"}}, "incomplete"),
        ({"name": "x", "status": "clean", "database": {"updated": "2026-01-01"}}, "incomplete"),
        ({"name": "x", "status": "clean", "database": 7}, "incomplete"),
    ],
)
def test_malformed_report_is_never_clean(body: dict[str, Any], status: str) -> None:
    assert [r.status for r in read_reports([body])] == [status]
    assert builtin.verdict(case(*read_reports([body]), incomplete="deny")).decision == "Deny"


@pytest.mark.parametrize("body", [None, {}, "clean", [1, 2]])
def test_no_readable_report_denies(body: object) -> None:
    assert builtin.verdict(case(*read_reports(body))).decision == "Deny"


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
    answer = builtin.verdict(case(*read_reports([body]), incomplete="deny"))
    assert (3, "deny", "dependencies") in fired(answer)
    (same,) = read_reports(shortened([found(3.0, advisories=at(1))]))
    assert same == found(3.0, advisories=at(1))


actions = st.sampled_from(["record", "track", "approve", "deny"])
reports = st.lists(
    st.builds(
        ScannerReport,
        name=st.sampled_from(["code", "dependencies", "secrets"]),
        status=st.sampled_from(["clean", "findings", "incomplete", "?"]),
        reason=st.text("ab", max_size=5),
        findings=st.lists(
            st.builds(
                Finding,
                id=st.sampled_from(["A", "B", "C"]),
                severity=st.none() | st.integers(0, 100).map(lambda n: n / 10),
                package=st.sampled_from(["", "lib"]),
            ),
            max_size=4,
        ).map(tuple),
        made=st.sampled_from([None, at(1), at(29), at(40)]),
        advisories=st.sampled_from([None, at(1), at(9)]),
    ),
    max_size=4,
)
profiles = st.fixed_dictionaries(
    {
        "incomplete": actions,
        "severity": st.fixed_dictionaries(
            dict.fromkeys(("critical", "high", "medium", "low", "unscored"), actions)
        ),
        "tools": st.dictionaries(
            st.sampled_from(["code", "secrets", "other"]),
            st.sampled_from(["run", "attested", "off"]),
        ),
    }
)
exemptions = st.lists(
    st.builds(
        exemption,
        name=st.sampled_from("abc"),
        finding=st.sampled_from(["A", "B"]),
        approver=st.sampled_from(["", "ada", "grace"]),
        package=st.sampled_from(["", "lib"]),
        expires=st.sampled_from([ago(1), ago(-5)]),
    ),
    max_size=3,
    unique_by=lambda e: e.name,
).map(tuple)


@settings(max_examples=30, deadline=None)
@given(reports, reports, profiles, exemptions)
def test_both_engines_always_agree(
    scanned: list[ScannerReport],
    attested: list[ScannerReport],
    profile: dict[str, Any],
    excepted: tuple[Exemption, ...],
) -> None:
    judged = case(*scanned, attested=tuple(attested), exemptions=excepted, **profile)
    by_rules, by_rego = builtin.verdict(judged), rego.verdict(judged, evaluate)
    assert by_rego.decision == by_rules.decision
    assert set(by_rego.rules) == set(by_rules.rules)
    assert by_rego.valid_until == by_rules.valid_until


@given(reports, profiles)
def test_the_decision_is_the_strictest_effect(
    scanned: list[ScannerReport], profile: dict[str, Any]
) -> None:
    answer = builtin.verdict(case(*scanned, **profile))
    effects = {rule.effect for rule in answer.rules}
    expected = (
        "Deny"
        if "deny" in effects
        else "NeedsApproval"
        if "approve" in effects
        else "AllowWithObligations"
        if "track" in effects
        else "Allow"
    )
    assert answer.decision == expected


STRICTNESS = ["Allow", "AllowWithObligations", "NeedsApproval", "Deny"]


@given(reports, profiles)
def test_a_further_bad_report_never_makes_it_milder(
    scanned: list[ScannerReport], profile: dict[str, Any]
) -> None:
    before = builtin.verdict(case(*scanned, **profile))
    after = builtin.verdict(case(*scanned, ScannerReport("zzz", "incomplete"), **profile))
    if any(rule.rule == 2 for rule in before.rules):
        return
    assert STRICTNESS.index(after.decision) >= STRICTNESS.index(before.decision)
    assert after.evidence_digest != before.evidence_digest
