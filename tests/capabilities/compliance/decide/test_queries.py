"""What each query answers, of which records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from idp.capabilities.compliance.decide.evidence import QUERIES, evaluate
from idp.capabilities.compliance.decide.operations import POLICIES
from idp.capabilities.compliance.facts import (
    ApplicationStanding,
    AuditFacts,
    Backup,
    Endpoint,
    Facts,
    NewestScan,
    PromotionRecord,
)
from idp.capabilities.environments.kinds import ComponentStatus, PromotionPipelineSpec
from idp.capabilities.promotion.kinds import Review
from idp.capabilities.scanning.kinds import SecurityProfileSpec, VulnerabilityException

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TOOLS = dict.fromkeys(("bandit", "image", "secrets", "dependencies"), "attested")


def promotion(**changes: Any) -> PromotionRecord:
    values: dict[str, Any] = {
        "namespace": "demo",
        "name": "hello-1",
        "application": "hello",
        "action": "promote",
        "phase": "Succeeded",
        "release": "hello-r1",
        "initiator": "platform",
        "reason": "",
        "commit": "c" * 40,
        "decision": "Allow",
        "evidence_digest": "sha256:1",
        "approvers": ("grace",),
        "finished": "2026-11-24T00:00:00Z",
    }
    return PromotionRecord(**{**values, **changes})


def profile(**changes: Any) -> SecurityProfileSpec:
    evidence = ["release-signature", "image-signature", "provenance", "sbom", "scan", "verified"]
    return SecurityProfileSpec.model_validate({"evidence": evidence, "tools": TOOLS, **changes})


def pipeline(required: int = 1, previous: str | None = "uat", **rule: Any) -> PromotionPipelineSpec:
    approval = {"required": required, **rule}
    return PromotionPipelineSpec.model_validate({"previous": previous, "approval": approval})


def exception(until: str) -> VulnerabilityException:
    meta = {"name": "e", "namespace": "demo", "creationTimestamp": "2026-11-01T00:00:00Z"}
    spec = {"finding": "x", "reason": "r", "author": "a", "approver": "b", "expires": until}
    return VulnerabilityException.parse({"metadata": meta, "spec": spec})


def review(closed_by: str = "", due: str = "2026-12-24T00:00:00Z") -> Review:
    spec = {
        "application": "hello",
        "promotion": "p",
        "release": "r",
        "releaseDigest": "sha256:" + "0" * 64,
        "cause": "emergency",
        "by": "ada",
        "reason": "down",
        "due": due,
        "closedBy": closed_by,
    }
    return Review.parse({"metadata": {"name": "r", "namespace": "demo"}, "spec": spec})


def binding(role: str, subject: str) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{role}-{subject}"},
        "roleRef": {"name": role},
        "subjects": [{"kind": "Group", "name": subject}],
    }


GOOD = Facts(
    environment="production",
    now=NOW,
    audit=AuditFacts(7, head="f" * 64),
    backups=[Backup(5, "2026-11-24T00:00:00Z", "ops", "a" * 64)],
    promotions=[promotion(), promotion(name="back", action="rollback", reason="errors")],
    scans=[NewestScan("demo", "hello", "2026-11-24T00:00:00Z")],
    standings=[ApplicationStanding("demo", "hello", 2, 0, 0)],
    endpoints=[Endpoint("API", "https://127.0.0.1:1")],
    profile=profile(),
    pipeline=pipeline(),
    exceptions=[exception("2027-01-01T00:00:00Z")],
    releases={"hello-r1": "ada"},
    bindings=[binding("idp-admin", "idp:administrators"), binding("idp-viewer", "team")],
    roles={
        "idp-admin": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
        "idp-viewer": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    },
    enforced=frozenset(f"{name}.platform.idp" for name in POLICIES),
    applications=[("demo", "hello")],
    isolated=frozenset([("demo", "hello")]),
    components=[ComponentStatus(name="gateway", healthy=True)],
    reviews=[review("grace")],
    on_cluster=True,
)
BARE = Facts("production", NOW)


@pytest.mark.parametrize("name", QUERIES)
def test_good_records_meet_it_and_prove_it(name: str) -> None:
    (result,) = evaluate(GOOD, [name])
    assert (result.state, result.remedy) == ("met", "")
    assert result.records
    assert all(record.path.startswith("/") for record in result.records)
    assert result.digest == evaluate(GOOD, [name])[0].digest


@pytest.mark.parametrize("name", QUERIES)
def test_no_records_never_meet_it(name: str) -> None:
    (result,) = evaluate(BARE, [name])
    assert result.state in ("noEvidence", "notApplicable", "notMet")


@pytest.mark.parametrize(
    ("name", "changes", "state", "said"),
    [
        ("audit-chain", {"audit": AuditFacts(3, 4, "its content was changed")}, "notMet", "4"),
        ("separation-of-duties", {"pipeline": pipeline(0)}, "notMet", "without anybody's"),
        ("separation-of-duties", {"pipeline": pipeline(0, None)}, "notApplicable", "every push"),
        ("separation-of-duties", {"pipeline": pipeline(excludeAuthor=False)}, "notMet", "may app"),
        ("separation-of-duties", {"releases": {"hello-r1": "grace"}}, "notMet", "0 of 1"),
        ("separation-of-duties", {"pipeline": pipeline(2)}, "notMet", "0 of 1"),
        ("separation-of-duties", {"promotions": []}, "noEvidence", "nothing came yet"),
        (
            "separation-of-duties",
            {"promotions": [promotion(), promotion(approvers=())]},
            "partly",
            "1 of 2",
        ),
        ("verdicts", {"promotions": [promotion(decision="")]}, "notMet", "0 of 1"),
        ("verdicts", {"promotions": [promotion(phase="Failed")]}, "noEvidence", "nothing came"),
        ("signed-releases", {"profile": profile(evidence=["sbom"])}, "notMet", "provenance"),
        ("signed-releases", {"profile": profile(evidence=["provenance"])}, "partly", "signature"),
        ("verified-before", {"pipeline": pipeline(previous=None)}, "notApplicable", "before"),
        ("inventory", {"profile": profile(evidence=["scan"])}, "notMet", "sbom"),
        ("configuration-in-git", {"promotions": [promotion(commit="")]}, "notMet", "0 of 1"),
        ("rollbacks", {"promotions": [promotion()]}, "noEvidence", "not exercised"),
        ("emergency-reviews", {"reviews": []}, "notApplicable", "nothing went past"),
        ("emergency-reviews", {"reviews": [review()]}, "partly", "1 wait, in time"),
        (
            "emergency-reviews",
            {"reviews": [review(due="2026-11-01T00:00:00Z")]},
            "notMet",
            "1 are late",
        ),
        (
            "scans-fresh",
            {"scans": [NewestScan("demo", "hello", "2026-01-01T00:00:00Z")]},
            "notMet",
            "0 of 1",
        ),
        (
            "scans-fresh",
            {"scans": [NewestScan("demo", "hello", "2026-11-24T00:00:00Z", ("bandit",))]},
            "partly",
            "incompletely: bandit",
        ),
        (
            "findings-due",
            {"standings": [ApplicationStanding("demo", "hello", 2, 1, 0)]},
            "notMet",
            "1 are late",
        ),
        ("exceptions", {"exceptions": [exception("2029-01-01T00:00:00Z")]}, "notMet", "0 of 1"),
        ("exceptions", {"exceptions": [exception("2026-01-01T00:00:00Z")]}, "notApplicable", "no"),
        (
            "security-profile",
            {"profile": profile(severity={"critical": "track"})},
            "partly",
            "critical findings are only tracked",
        ),
        ("code-analysis", {"profile": profile(tools={"bandit": "run"})}, "partly", "1 of 3"),
        ("secret-scanning", {"profile": profile(tools={"secrets": "off"})}, "notMet", "0 of 1"),
        (
            "least-privilege",
            {"bindings": [binding("idp-admin", "everybody")]},
            "partly",
            "idp-admin-everybody",
        ),
        (
            "least-privilege",
            {"bindings": [binding("idp-viewer", "system:unauthenticated")]},
            "notMet",
            "not signed in",
        ),
        ("admission", {"enforced": frozenset(["approvals.platform.idp"])}, "partly", "1 of 9"),
        ("network-isolation", {"isolated": frozenset()}, "notMet", "0 of 1"),
        ("network-isolation", {"on_cluster": False}, "partly", "does not enforce"),
        (
            "monitoring",
            {"components": [ComponentStatus(name="gateway", healthy=False)]},
            "notMet",
            "not gateway",
        ),
        ("backups", {"backups": []}, "notMet", "no backup"),
        (
            "backups",
            {"backups": [Backup(5, "2026-11-01T00:00:00Z", "ops", "a")]},
            "notMet",
            "older than 7 days",
        ),
        (
            "transit-encryption",
            {"endpoints": [Endpoint("API", "https://a"), Endpoint("hub", "http://b")]},
            "partly",
            "not hub",
        ),
    ],
)
def test_what_is_missing_is_said(name: str, changes: dict[str, Any], state: str, said: str) -> None:
    (result,) = evaluate(replace(GOOD, **changes), [name])
    assert (result.state, said in result.message) == (state, True), result.message


def test_anonymous_discovery_is_what_kubernetes_lets_everybody_see() -> None:
    bindings = [*GOOD.bindings, binding("system:public-info-viewer", "system:unauthenticated")]
    (result,) = evaluate(replace(GOOD, bindings=bindings), ["least-privilege"])
    assert result.state == "met"


def test_many_records_are_counted_and_a_few_named() -> None:
    facts = replace(GOOD, promotions=[promotion(name=f"p-{n}") for n in range(50)])
    (result,) = evaluate(facts, ["verdicts"])
    assert (len(result.records), result.total) == (20, 50)
    other = evaluate(replace(facts, promotions=facts.promotions[:-1]), ["verdicts"])
    assert other[0].digest != result.digest
