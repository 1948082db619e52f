from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from idp.capabilities.environments.kinds import ApprovalRule, PromotionPipelineSpec
from idp.capabilities.promotion.decide.evidence import (
    Evidence,
    EvidenceItem,
    Finding,
    ScannerReport,
)
from idp.capabilities.promotion.decide.next_promotions import KnownPromotion, KnownRelease
from idp.capabilities.promotion.decide.rules import Rules
from idp.capabilities.promotion.decide.simulation import (
    Admission,
    Simulation,
    Situation,
    simulate,
)
from idp.capabilities.scanning.kinds import DEMANDED, SecurityProfileSpec
from idp.protocols.rego import evaluate

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
R1, R2 = KnownRelease("hello-r1", "r1", 1), KnownRelease("hello-r2", "r2", 2)


def admission(*findings: Finding, status: str = "clean") -> Admission:
    items = [EvidenceItem(kind, DIGEST, "development") for kind in DEMANDED]
    report = ScannerReport("code", "findings" if findings else status, "", findings, NOW)
    return Admission(Evidence(DIGEST, items, (report,)))


def situation(*promotions: KnownPromotion, **pipeline: Any) -> Situation:
    rules = Rules(PromotionPipelineSpec(**pipeline), SecurityProfileSpec())
    return Situation("uat", "demo", "hello", rules, (R1, R2), promotions, "r1")


def result(simulation: Simulation, step: str) -> tuple[str, str]:
    (found,) = [s for s in simulation.steps if s.name == step]
    return found.result, found.message


def test_nothing_in_the_way() -> None:
    told = simulate(situation(), R2, admission(), NOW, evaluate)
    assert (told.ending, told.automatic, told.running) == ("Promotes", True, "r1")
    assert [step.result for step in told.steps] == ["passes"] * 5
    assert result(told, "commit") == ("passes", "r2 in place of r1")


def test_what_admit_refuses_ends_it_there() -> None:
    refused = replace(admission(), refusal="it was not verified in staging", change="promote it")
    told = simulate(situation(previous="staging"), R2, refused, NOW, evaluate)
    assert told.ending == "Refused"
    assert [(s.name, s.result, s.change) for s in told.steps] == [("admit", "fails", "promote it")]
    assert not told.automatic


def test_a_finding_that_blocks_is_named_with_its_remedy() -> None:
    told = simulate(situation(), R2, admission(Finding("CVE-1", 9.8, "lib")), NOW, evaluate)
    assert told.ending == "Refused"
    assert told.steps[-1].name == "verdict"
    assert "CVE-1" in told.steps[-1].message
    assert "Fix CVE-1 in lib" in told.steps[-1].change
    assert [rule.subject for rule in told.rules] == ["CVE-1"]


def test_people_who_must_approve_and_gaps_that_they_must_accept() -> None:
    rule = ApprovalRule(required=2, deadline_hours=3)
    told = simulate(situation(approval=rule), R2, admission(status="incomplete"), NOW, evaluate)
    assert told.ending == "NeedsApproval"
    outcome, message = result(told, "approval")
    assert outcome == "waits"
    assert "2 approvals, other than author and initiator" in message
    assert "accept code" in message
    (approval,) = [s for s in told.steps if s.name == "approval"]
    wanted = "idp-cli approve hello --environment uat --namespace demo --accept code"
    assert approval.change == wanted


def test_other_rules_change_the_answer_and_the_policy_version() -> None:
    before = situation()
    critical = admission(Finding("CVE-1", 9.8, "lib"))
    lenient = SecurityProfileSpec.model_validate({"severity": {"critical": "record"}})
    after = replace(before, rules=Rules(before.rules.pipeline, lenient))
    denied, allowed = (simulate(s, R2, critical, NOW, evaluate) for s in (before, after))
    assert (denied.ending, allowed.ending) == ("Refused", "Promotes")
    assert denied.policy_version != allowed.policy_version


def test_both_engines_are_asked_as_the_profile_says() -> None:
    module = 'package idp.verdict\nimport rego.v1\nrules contains {"effect": "deny", ' + (
        '"subject": "tuesday", "message": "not on a Tuesday", "change": "wait"} if true\n'
    )
    profile = SecurityProfileSpec(decided_by="rego", rego=module)
    asked = replace(situation(), rules=Rules(PromotionPipelineSpec(), profile))
    assert simulate(asked, R2, admission(), NOW, evaluate).ending == "Refused"


@pytest.mark.parametrize(
    ("other", "supersedes", "behind"),
    [
        (KnownPromotion("old", "hello-r1", "Running", "2026-11-24T00:00:00Z"), ("old",), ""),
        (KnownPromotion("old", "hello-r1", "Running", "2026-11-24T00:00:00Z", True), (), "old"),
        (KnownPromotion("old", "hello-r1", "Succeeded", "2026-11-24T00:00:00Z", True), (), ""),
    ],
)
def test_what_it_supersedes_and_what_it_waits_for(
    other: KnownPromotion, supersedes: tuple[str, ...], behind: str
) -> None:
    told = simulate(situation(other), R2, admission(), NOW, evaluate)
    assert (told.supersedes, told.behind) == (supersedes, behind)
    assert result(told, "commit")[0] == ("waits" if behind else "passes")


def test_a_release_that_runs_already() -> None:
    told = simulate(situation(), R1, admission(), NOW, evaluate)
    assert result(told, "commit") == ("passes", "r1 runs already; nothing changes")
    assert not told.automatic
