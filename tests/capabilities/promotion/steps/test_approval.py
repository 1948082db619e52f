from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.promotion.clients.memory import MemoryReviewer
from idp.capabilities.promotion.counting import ApprovalCounter
from idp.capabilities.promotion.kinds import Approval, Promotion
from idp.capabilities.promotion.steps.approval import ApprovalStep
from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.kernel.controller import Request

RELEASE = f"sha256:{1:064x}"


async def ask(
    bench: Any, *, must_accept: tuple[str, ...] = (), groups: tuple[str, ...] = (), **rule: Any
) -> Any:
    policy = await bench.rules(approval=rule)
    await bench.release()
    await bench.promotion()
    facts = {"releaseDigest": RELEASE, "policyVersion": policy}
    await bench.done("verdict", mustAccept=list(must_accept), **facts)
    reviewer = MemoryReviewer(["grace", "ada", "bob"], groups)
    counter = ApprovalCounter(bench.client, reviewer, environment="uat")
    return ApprovalStep(bench.reader, counter, environment="uat"), policy


async def answer(bench: Any, step: Any) -> Any:
    return await bench.perform(step, release="r1", verdict="p-verdict")


async def approve(bench: Any, approver: str, policy: str, **changes: Any) -> None:
    spec = {
        "promotion": "p",
        "releaseDigest": RELEASE,
        "target": "uat",
        "policyVersion": policy,
        "decision": "approve",
        "approver": approver,
        **changes,
    }
    meta = {"generateName": "a-", "namespace": "demo"}
    await bench.client.create(Approval.type(), {"metadata": meta, "spec": spec})


async def test_none_required_passes_at_once(bench: Any) -> None:
    step, _ = await ask(bench, required=0)
    outcome = await answer(bench, step)
    assert (outcome.phase, outcome.message) == ("Succeeded", "no approval is required")


async def test_waiting_names_the_command_and_who_may_not_use_it(bench: Any) -> None:
    step, _ = await ask(bench, required=1, must_accept=("dependencies",))
    outcome = await answer(bench, step)
    assert outcome.phase == "Running"
    assert outcome.remedy == (
        "idp-cli approve hello --environment uat --namespace demo --accept dependencies"
        "  (not by ada or bob)"
    )


async def test_author_and_initiator_do_not_count(bench: Any) -> None:
    step, policy = await ask(bench, required=1)
    await approve(bench, "ada", policy)
    await approve(bench, "bob", policy)
    outcome = await answer(bench, step)
    assert outcome.phase == "Running"
    assert "ada is the author of the release" in outcome.message
    assert "bob started the promotion" in outcome.message


async def test_an_approver_counts_and_is_recorded(bench: Any) -> None:
    step, policy = await ask(bench, required=1)
    await approve(bench, "grace", policy)
    outcome = await answer(bench, step)
    assert outcome.phase == "Succeeded"
    assert outcome.outputs["approvers"] == ["grace"]
    assert outcome.outputs["policyVersion"] == policy


async def test_a_role_may_come_from_a_group(bench: Any) -> None:
    step, policy = await ask(bench, required=1, groups=("release-managers",))
    await approve(bench, "linus", policy)
    assert (await answer(bench, step)).phase == "Running"
    await approve(bench, "linus", policy, approverGroups=["release-managers"])
    assert (await answer(bench, step)).phase == "Succeeded"


async def test_a_rejection_fails_with_its_reason(bench: Any) -> None:
    step, policy = await ask(bench, required=1)
    await approve(bench, "grace", policy, decision="reject", comment="not today")
    outcome = await answer(bench, step)
    assert (outcome.phase, outcome.reason) == ("Failed", "Rejected")
    assert outcome.message == "rejected by grace: not today"


async def test_a_superseded_promotion_stops_waiting(bench: Any) -> None:
    step, _ = await ask(bench, required=1)
    status = {"phase": "Superseded", "message": "superseded by q"}
    await bench.client.patch(Promotion.type(), "p", {"status": status}, "demo")
    outcome = await answer(bench, step)
    assert (outcome.phase, outcome.reason) == ("Failed", "Superseded")


async def test_rules_that_change_meanwhile_void_the_verdict(bench: Any) -> None:
    step, _ = await ask(bench, required=1)
    await bench.rules(approval={"required": 0})
    with pytest.raises(UnprovenStep, match="rules of the PromotionPipeline or the SecurityProfile"):
        await answer(bench, step)


async def test_an_approval_calls_the_step_of_its_promotion(bench: Any) -> None:
    step, policy = await ask(bench, required=1)
    await approve(bench, "grace", policy)
    (approval,) = (await bench.client.list(Approval.type())).items
    (watch,) = step.watches
    assert list(watch.to_requests(approval)) == [Request("demo", "p-approval")]


async def test_while_it_waits_the_verdict_may_grow_old(bench: Any) -> None:
    policy = await bench.rules(approval={"required": 1})
    await bench.release()
    await bench.promotion()
    facts = {"releaseDigest": RELEASE, "policyVersion": policy}
    await bench.done("verdict", **facts, mustAccept=[], validUntil="2026-01-01T00:00:00Z")
    counter = ApprovalCounter(bench.client, MemoryReviewer([]), environment="uat")
    step = ApprovalStep(bench.reader, counter, environment="uat")
    with pytest.raises(UnprovenStep, match="held until 2026-01-01"):
        await bench.perform(step, release="r1", verdict="p-verdict")
