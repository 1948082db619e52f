"""Gates, overrides, hotfixes, and what is tried to get past them, on the whole road."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.kinds import Approval, Freeze, Promotion, Review
from idp.kernel.clock import timestamp, utc_now
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest
from idp.kernel.standard import EVENT, NAMESPACE

FROZEN = {"until": "2999-01-01T00:00:00Z", "reason": "audit", "by": "grace"}
WAITS = {"name": "mine", "cel": {"expression": "false"}}


async def production(world: Any, **spec: Any) -> Any:
    """Production with rules of its own, and a release that UAT verified."""
    release = await world.release()
    await world.verified(release, "uat")
    instance = await world.instance("production")
    instance.approvers += ["grace", "ken", "ada"]
    await instance.api.patch(PromotionPipeline.type(), "default", {"spec": spec})
    await instance.api.create(NAMESPACE, {"metadata": {"name": "demo"}})
    return instance


async def says(instance: Any, step: str, words: str) -> Manifest:
    """The promotion, once a step of it says the words."""
    while True:
        for promotion in (await instance.api.list(Promotion.type())).items:
            for known in (promotion.get("status") or {}).get("steps", []):
                if known["name"] == step and words in known["message"]:
                    return dict(promotion)
        await asyncio.sleep(0.005)


async def test_a_freeze_holds_it_and_its_end_lets_it_go(world: Any) -> None:
    instance = await production(world, approval={"required": 0})
    await instance.api.create(Freeze.type(), {"metadata": {"name": "audit"}, "spec": FROZEN})
    async with asyncio.timeout(30), instance.engines(), instance.process():
        await says(instance, "gates", "freeze: grace froze it until 2999-01-01T00:00:00Z: audit")
        assert await instance.commits() == []
        await instance.api.delete(Freeze.type(), "audit")
        done = await instance.promotion(["Succeeded", "Failed"])
    assert done["status"]["phase"] == "Succeeded", done["status"]["message"]
    (entry,) = instance.ledger()
    assert [(g["name"], g["state"]) for g in entry.approvals["gates"]] == [("freeze", "Open")]


async def test_a_rollback_does_not_wait_for_a_freeze(world: Any) -> None:
    instance = await production(world, approval={"required": 0})
    async with asyncio.timeout(30), instance.engines(), instance.process():
        await instance.promotion(["Succeeded"])
        new = await world.release(2)
        await world.verified(new, "uat")
        async with instance.process():
            await instance.promotion(["Succeeded"], new["name"])
        await instance.api.create(Freeze.type(), {"metadata": {"name": "audit"}, "spec": FROZEN})
        back = await instance.roll_back()
    assert back["status"]["phase"] == "Succeeded"


async def test_an_override_goes_through_and_is_not_forgotten(world: Any) -> None:
    instance = await production(world, approval={"required": 2, "excludeAuthor": True})
    await instance.api.create(Freeze.type(), {"metadata": {"name": "audit"}, "spec": FROZEN})
    async with asyncio.timeout(30), instance.engines(), instance.process():
        waiting = await instance.waiting_approval()
        await instance.approve(waiting, "joan", emergency=True, comment="payments are down")
        done = await instance.promotion(["Succeeded", "Failed"])
    assert done["status"]["phase"] == "Succeeded", done["status"]["message"]
    assert condition_of(done, "PastRulesEmergency") is not None
    (review,) = (await instance.api.list(Review.type())).items
    assert review["spec"]["overridden"] == ["approvals", "freeze"]
    reasons = [event["reason"] for event in (await instance.api.list(EVENT)).items]
    assert reasons.count("EmergencyOverride") == 1
    (entry,) = instance.ledger()
    assert entry.approvals["override"]["by"] == "joan"
    assert entry.approvals["override"]["reason"] == "payments are down"


async def test_what_the_evidence_lacks_no_override_gives(world: Any) -> None:
    instance = await production(world)
    finding = {"id": "CVE-1", "severity": 9.8, "package": "flask"}
    instance.scanners = [{"name": "dependencies", "status": "findings", "findings": [finding]}]
    async with asyncio.timeout(30), instance.engines(), instance.process():
        done = await instance.promotion(["Succeeded", "Failed"])
    assert "verdict: denied" in done["status"]["message"]
    assert await instance.commits() == []


async def hotfix(world: Any, instance: Any) -> Manifest:
    """Start one of a release that only development verified, and wait for its end."""
    new = await world.release(2)
    await world.verified(new, "development")
    async with instance.process():
        await instance.imported(new)
    spec = {
        "application": "hello",
        "release": new["name"],
        "initiator": "joan",
        "hotfix": True,
        "reason": "CVE in the parser",
    }
    meta = {"name": "fix", "namespace": "demo"}
    await instance.api.create(Promotion.type(), {"metadata": meta, "spec": spec})
    async with instance.process():
        done: Manifest = await instance.promotion(["Succeeded", "Failed"], new["name"])
    return done


async def test_a_hotfix_skips_environments_and_soak_times_but_not_the_scan(world: Any) -> None:
    soak = {"name": "soak", "soak": {"minutes": 600}}
    instance = await production(world, automatic=False, approval={"required": 0}, gates=[soak])
    async with asyncio.timeout(30), instance.engines():
        done = await hotfix(world, instance)
    assert done["status"]["phase"] == "Succeeded", done["status"]["message"]
    assert [s["name"] for s in done["status"]["steps"]][:3] == ["admit", "scan", "verdict"]
    (review,) = (await instance.api.list(Review.type())).items
    assert review["spec"]["validateIn"] == ["staging", "uat"]
    assert review["spec"]["overridden"] == ["environments before this one", "soak"]


async def test_a_hotfix_with_a_finding_is_denied(world: Any) -> None:
    instance = await production(world, automatic=False, approval={"required": 0})
    finding = {"id": "CVE-1", "severity": 9.8, "package": "flask"}
    instance.scanners = [{"name": "dependencies", "status": "findings", "findings": [finding]}]
    async with asyncio.timeout(30), instance.engines():
        done = await hotfix(world, instance)
    assert "verdict: denied" in done["status"]["message"]


async def test_where_no_hotfix_is_taken_it_is_refused(world: Any) -> None:
    instance = await production(world, automatic=False, hotfix={"allowed": False})
    async with asyncio.timeout(30), instance.engines():
        done = await hotfix(world, instance)
    assert done["status"]["message"] == "admit: this environment takes no hotfix"
    assert await instance.commits() == []


async def test_two_approvals_at_once_count_as_two_and_commit_once(world: Any) -> None:
    instance = await production(world, approval={"required": 2})
    async with asyncio.timeout(30), instance.engines(), instance.process():
        waiting = await instance.waiting_approval()
        await asyncio.gather(instance.approve(waiting, "grace"), instance.approve(waiting, "ken"))
        done = await instance.promotion(["Succeeded", "Failed"])
    assert done["status"]["phase"] == "Succeeded"
    (entry,) = instance.ledger()
    assert sorted(entry.approvals["approvers"]) == ["grace", "ken"]
    assert len(await instance.commits()) == 1


async def test_the_same_approval_under_another_name_counts_once(world: Any) -> None:
    instance = await production(world, approval={"required": 2})
    async with asyncio.timeout(30), instance.engines(), instance.process():
        waiting = await instance.waiting_approval()
        for _ in range(2):
            await instance.approve(waiting, "grace")
        said = await says(instance, "approval", "grace has approved already")
        assert said["status"]["phase"] == "Running"
        assert await instance.commits() == []


async def test_an_approval_of_a_former_promotion_is_worth_nothing_for_the_next(
    world: Any,
) -> None:
    """Replayed: the object of the first promotion, renamed, and then made to name the second."""
    instance = await production(world, approval={"required": 1})
    async with asyncio.timeout(30), instance.engines(), instance.process():
        first = await instance.waiting_approval()
        await instance.approve(first, "grace")
        await instance.promotion(["Succeeded"])
        (given,) = (await instance.api.list(Approval.type())).items
        new = await world.release(2)
        await world.verified(new, "uat")
        async with instance.process():
            await instance.imported(new)
            second = await instance.promotion(["Running"], new["name"])
            for promotion in (given["spec"]["promotion"], second["metadata"]["name"]):
                spec = {**given["spec"], "promotion": promotion}
                meta = {"generateName": "replayed-", "namespace": "demo"}
                await instance.api.create(Approval.type(), {"metadata": meta, "spec": spec})
            await says(instance, "approval", "it is for another digest")
    assert len(await instance.commits()) == 1


@pytest.mark.parametrize(
    ("approver", "changes", "words"),
    [
        ("grace", {"releaseDigest": f"sha256:{'d' * 64}"}, "it is for another digest"),
        ("grace", {"target": "uat"}, "it is for another target (uat)"),
        ("grace", {"policyVersion": f"sha256:{'d' * 64}"}, "under another policy version"),
        ("ada", {}, "ada is the author of the release"),
        ("mallory", {}, "mallory may not approve here"),
        ("grace", {"emergency": True, "comment": "let me"}, "grace may not approve here"),
    ],
    ids=["digest", "target", "policy", "author", "nobody", "override without the right"],
)
async def test_an_approval_that_does_not_count_is_refused_with_the_reason_in_the_ledger(
    world: Any, approver: str, changes: dict[str, Any], words: str
) -> None:
    instance = await production(world, approval={"required": 1})
    async with asyncio.timeout(30), instance.engines(), instance.process():
        waiting = await instance.waiting_approval()
        await instance.approve(waiting, approver, **changes)
        said = await says(instance, "approval", words)
        assert said["status"]["phase"] == "Running"
        await instance.approve(waiting, "ken", decision="reject", comment="who is that?")
        await instance.promotion(["Failed"])
    (entry,) = instance.ledger()
    assert (entry.phase, entry.message) == ("Failed", "approval: rejected by ken: who is that?")
    assert [words in i["reason"] for i in entry.approvals["ignored"]] == [True]
    assert await instance.commits() == []


async def test_the_rules_change_after_the_approval_and_before_the_commit(world: Any) -> None:
    instance = await production(world, approval={"required": 1}, gates=[WAITS])
    async with asyncio.timeout(30), instance.engines(), instance.process():
        waiting = await instance.waiting_approval()
        await instance.approve(waiting, "grace")
        await says(instance, "gates", "mine: false does not hold")
        await instance.api.patch(PromotionPipeline.type(), "default", {"spec": {"gates": []}})
        freeze = {**FROZEN, "start": timestamp(utc_now())}  # calls the step, which waits
        await instance.api.create(Freeze.type(), {"metadata": {"name": "a"}, "spec": freeze})
        done = await instance.promotion(["Succeeded", "Failed"])
    assert "changed during this promotion" in done["status"]["message"]
    assert await instance.commits() == []
