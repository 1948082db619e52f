from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.capabilities.promotion.steps.verdict import VerdictStep
from idp.capabilities.scanning.kinds import DEMANDED, VulnerabilityException

NOW, MADE = datetime(2026, 11, 25, tzinfo=UTC), "2026-11-24T00:00:00Z"
RELEASE, IMAGE = f"sha256:{1:064x}", f"sha256:{1001:064x}"
EVIDENCE = [{"kind": k, "digest": RELEASE, "signer": "development"} for k in DEMANDED]
INCOMPLETE = {"name": "dependencies", "status": "incomplete", "reason": "no advisories"}


async def judge(bench: Any, *scanners: Any, **profile: Any) -> Any:
    policy = await bench.rules(profile={"incomplete": "track", **profile})
    await bench.release()
    await bench.done("admit", releaseDigest=RELEASE, evidence=EVIDENCE, scanners=[])
    await bench.done("scan", digest=IMAGE, scanners=[{"made": MADE, **s} for s in scanners])
    step = VerdictStep(bench.reader, lambda: NOW)
    outcome = await bench.perform(step, release="r1", admit="p-admit", scan="p-scan")
    assert outcome.outputs["policyVersion"] == policy
    assert outcome.outputs["releaseDigest"] == RELEASE
    return outcome


async def test_clean_evidence_is_allowed(bench: Any) -> None:
    outcome = await judge(bench, {"name": "code", "status": "clean"})
    assert (outcome.phase, outcome.reason) == ("Succeeded", "Allow")
    assert outcome.outputs["obligations"] == outcome.outputs["mustAccept"] == []


async def test_an_obligation_is_recorded(bench: Any) -> None:
    outcome = await judge(bench, INCOMPLETE)
    assert (outcome.phase, outcome.reason) == ("Succeeded", "AllowWithObligations")
    assert outcome.outputs["obligations"] == ["dependencies"]


async def test_a_gap_must_be_accepted(bench: Any) -> None:
    outcome = await judge(bench, INCOMPLETE, incomplete="approve")
    assert outcome.outputs["mustAccept"] == ["dependencies"]
    assert "no advisories" in outcome.message


async def test_a_denial_fails_with_every_rule_and_what_would_change_it(bench: Any) -> None:
    finding = {"id": "CVE-1", "severity": 9.9, "package": "flask"}
    report = {"name": "dependencies", "status": "findings", "findings": [finding]}
    outcome = await judge(bench, report, incomplete="deny")
    assert (outcome.phase, outcome.reason) == ("Failed", "Denied")
    assert outcome.remedy == "Fix CVE-1 in flask and push, or have an exception approved."
    assert [r["rule"] for r in outcome.outputs["rules"]] == [5]


async def test_a_scan_of_another_image_is_no_scan(bench: Any) -> None:
    await bench.rules()
    await bench.release()
    await bench.done("admit", releaseDigest=RELEASE, evidence=EVIDENCE)
    await bench.done("scan", digest=RELEASE, scanners=[{"name": "code", "status": "clean"}])
    step = VerdictStep(bench.reader)
    with pytest.raises(UnprovenStep, match="step p-scan scanned"):
        await bench.perform(step, release="r1", admit="p-admit", scan="p-scan")


FINDING = {
    "name": "dependencies",
    "status": "findings",
    "findings": [{"id": "CVE-1", "severity": 9.9, "package": "flask"}],
}


async def test_an_approved_exception_lets_a_finding_be(bench: Any) -> None:
    spec = {
        "finding": "CVE-1",
        "reason": "not reachable",
        "author": "ada",
        "approver": "grace",
        "expires": "2026-12-01T00:00:00Z",
    }
    body = {"metadata": {"name": "e", "namespace": "demo"}, "spec": spec}
    created = await bench.client.create(VulnerabilityException.type(), body)
    outcome = await judge(bench, FINDING)
    assert outcome.outputs["decision"] == "Allow"
    assert outcome.outputs["exceptions"] == [{"name": "e", "uid": created["metadata"]["uid"]}]
    assert outcome.outputs["validUntil"] == "2026-12-01T00:00:00Z"


async def test_an_exception_of_another_namespace_does_nothing(bench: Any) -> None:
    spec = {
        "finding": "CVE-1",
        "reason": "r",
        "author": "ada",
        "approver": "grace",
        "expires": "2026-12-01T00:00:00Z",
    }
    body = {"metadata": {"name": "e", "namespace": "other"}, "spec": spec}
    await bench.client.create(VulnerabilityException.type(), body)
    assert (await judge(bench, FINDING)).reason == "Denied"


async def test_a_rego_module_decides_when_the_profile_says_so(bench: Any) -> None:
    outcome = await judge(bench, FINDING, decidedBy="rego")
    assert (outcome.phase, outcome.outputs["decidedBy"]) == ("Failed", "rego")


async def test_the_rego_module_may_be_a_users_own(bench: Any) -> None:
    module = "package idp.verdict\nrules := []"
    outcome = await judge(bench, FINDING, decidedBy="rego", rego=module)
    assert outcome.outputs["decision"] == "Allow"
