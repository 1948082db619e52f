from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.promotion.decide.verdict import DEMANDED
from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.capabilities.promotion.steps.verdict import VerdictStep

RELEASE, IMAGE = f"sha256:{1:064x}", f"sha256:{1001:064x}"
EVIDENCE = [{"kind": k, "digest": RELEASE, "signer": "development"} for k in DEMANDED]
INCOMPLETE = {"name": "dependencies", "status": "incomplete", "reason": "no advisories"}


async def judge(bench: Any, *scanners: Any, **rules: Any) -> Any:
    policy = await bench.rules(evidence=rules)
    await bench.release()
    await bench.done("admit", releaseDigest=RELEASE, evidence=EVIDENCE, scanners=[])
    await bench.done("scan", digest=IMAGE, scanners=list(scanners))
    step = VerdictStep(bench.reader)
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
    outcome = await judge(bench, INCOMPLETE, incomplete="accept")
    assert outcome.outputs["mustAccept"] == ["dependencies"]
    assert "no advisories" in outcome.message


async def test_a_denial_fails_with_every_rule_and_what_would_change_it(bench: Any) -> None:
    finding = {"id": "CVE-1", "severity": 9.9, "package": "flask"}
    report = {"name": "dependencies", "status": "findings", "findings": [finding]}
    outcome = await judge(bench, report, incomplete="deny")
    assert (outcome.phase, outcome.reason) == ("Failed", "Denied")
    assert outcome.remedy == "Fix CVE-1 in flask and push."
    assert [r["rule"] for r in outcome.outputs["rules"]] == [4]


async def test_a_scan_of_another_image_is_no_scan(bench: Any) -> None:
    await bench.rules()
    await bench.release()
    await bench.done("admit", releaseDigest=RELEASE, evidence=EVIDENCE)
    await bench.done("scan", digest=RELEASE, scanners=[{"name": "code", "status": "clean"}])
    step = VerdictStep(bench.reader)
    with pytest.raises(UnprovenStep, match="step p-scan scanned"):
        await bench.perform(step, release="r1", admit="p-admit", scan="p-scan")
