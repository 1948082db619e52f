"""A promotion in pull-request mode: proposed once, merged by who may, closed, superseded."""

from __future__ import annotations

from typing import Any

import pytest

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.controllers.pull_requests import PullRequestFollower
from idp.capabilities.promotion.decide.promotion_status import has_turn
from idp.capabilities.promotion.gatekeeper import Gatekeeper
from idp.capabilities.promotion.gates.freeze import FreezeGate
from idp.capabilities.promotion.gates.window import WindowGate
from idp.capabilities.promotion.kinds import Promotion, PullRequest
from idp.capabilities.promotion.pull_requests import PullRequests
from idp.capabilities.promotion.render.workflows import TURN_SECONDS, longest_seconds
from idp.capabilities.promotion.steps.commit import CommitStep
from idp.capabilities.promotion.turn import PromotionEnded, Turns
from idp.kernel.controller import Request
from idp.kernel.errors import Conflict
from idp.kernel.step import Outcome

RELEASE = f"sha256:{1:064x}"
BY_PULL_REQUEST = {"delivery": "pull-request"}


async def proposed(bench: Any) -> tuple[CommitStep, Outcome]:
    await bench.release(4)
    await bench.environment.deploy(bench.release_spec(4), "other", promotion="x", uid="x")
    await bench.release()
    policy = await bench.rules(**BY_PULL_REQUEST)
    await bench.promotion()
    await bench.done("approval", releaseDigest=RELEASE, policyVersion=policy)
    await bench.done("gates", releaseDigest=RELEASE, gates=[], override={})
    step = CommitStep(
        bench.reader,
        bench.environment,
        Turns(bench.client),
        bench.argo_cd,
        Gatekeeper([FreezeGate(bench.client), WindowGate()]),
        PullRequests(bench.client, bench.environment, environment="uat"),
        environment="uat",
    )
    return step, await commit(bench, step)


async def commit(bench: Any, step: CommitStep) -> Outcome:
    outcome = await bench.perform(step, release="r1", approval="p-approval", gates="p-gates")
    assert isinstance(outcome, Outcome)
    return outcome


async def decide(bench: Any, decision: str, by: str, **more: str) -> None:
    spec = {"decision": decision, "decidedBy": by, **more}
    await bench.client.patch(PullRequest.type(), "p", {"spec": spec}, "demo")


async def phase(bench: Any) -> dict[str, Any]:
    await PullRequestFollower(bench.client)(Request("demo", "p"))
    found = await bench.client.get(PullRequest.type(), "p", "demo")
    return dict(found["status"])


async def test_it_proposes_once_and_waits_without_the_turn(bench: Any) -> None:
    step, outcome = await proposed(bench)
    before = await bench.git.head("main")
    assert (outcome.phase, outcome.reason) == ("Running", "WaitingForMerge")
    assert "idp-cli promotion pull-request merge p --environment uat" in outcome.remedy
    first = await bench.client.get(PullRequest.type(), "p", "demo")
    await commit(bench, step)
    assert await bench.client.get(PullRequest.type(), "p", "demo") == first
    spec = first["spec"]
    assert await bench.git.head(spec["branch"]) == spec["commit"]
    files = await bench.git.files(spec["commit"])
    assert set(files) == {"demo/hello/webapplication.yaml", "other/hello/webapplication.yaml"}
    assert await bench.git.head("main") == before
    promotion = await bench.client.get(Promotion.type(), "p", "demo")
    assert not has_turn(promotion)
    assert (await phase(bench))["phase"] == "Open"


async def test_killed_after_the_branch_it_proposes_the_same(bench: Any) -> None:
    step, _ = await proposed(bench)
    first = await bench.client.get(PullRequest.type(), "p", "demo")
    await bench.client.delete(PullRequest.type(), "p", "demo")
    await commit(bench, step)
    again = await bench.client.get(PullRequest.type(), "p", "demo")
    assert again["spec"] == first["spec"]


async def test_merged_it_is_committed_once(bench: Any) -> None:
    step, _ = await proposed(bench)
    spec = (await bench.client.get(PullRequest.type(), "p", "demo"))["spec"]
    await decide(bench, "merge", "grace")
    first, second = await commit(bench, step), await commit(bench, step)
    assert first.phase == "Succeeded"
    assert first.outputs == second.outputs
    assert await bench.git.files("main") == await bench.git.files(spec["commit"])
    status = {"status": {"phase": "Running", "commit": first.outputs["commit"]}}
    await bench.client.patch(Promotion.type(), "p", status, "demo")
    followed = await phase(bench)
    assert (followed["phase"], followed["commit"]) == ("Merged", first.outputs["commit"])


@pytest.mark.parametrize("involved", ["ada", "bob"])
async def test_neither_author_nor_initiator_merges(bench: Any, involved: str) -> None:
    step, _ = await proposed(bench)
    await decide(bench, "merge", involved)
    outcome = await commit(bench, step)
    assert outcome.phase == "Running"
    assert f"{involved} wrote the release or started the promotion" in outcome.message
    await decide(bench, "merge", "grace")
    assert (await commit(bench, step)).phase == "Succeeded"


async def test_closed_the_promotion_fails_with_the_comment(bench: Any) -> None:
    step, _ = await proposed(bench)
    before = await bench.git.head("main")
    await decide(bench, "close", "grace", comment="too early")
    outcome = await commit(bench, step)
    assert (outcome.phase, outcome.reason) == ("Failed", "PullRequestClosed")
    assert outcome.message == "grace closed the pull request: too early"
    assert await bench.git.head("main") == before
    await bench.client.patch(Promotion.type(), "p", {"status": {"phase": "Failed"}}, "demo")
    assert (await phase(bench))["phase"] == "Closed"


async def test_a_superseded_one_is_closed_and_cannot_be_merged(bench: Any) -> None:
    step, _ = await proposed(bench)
    await bench.client.patch(Promotion.type(), "p", {"status": {"phase": "Superseded"}}, "demo")
    assert (await phase(bench))["message"] == "promotion p is Superseded"
    await decide(bench, "merge", "grace")
    with pytest.raises(PromotionEnded):
        await commit(bench, step)


async def test_a_pull_request_of_a_former_promotion_decides_nothing(bench: Any) -> None:
    step, _ = await proposed(bench)
    await decide(bench, "merge", "grace")
    stale: dict[str, Any] = {"metadata": {"ownerReferences": []}}
    await bench.client.patch(PullRequest.type(), "p", stale, "demo")
    with pytest.raises(Conflict, match="former promotion"):
        await commit(bench, step)


def test_the_step_may_wait_as_long_as_an_approval() -> None:
    direct = PromotionPipelineSpec()
    by_request = PromotionPipelineSpec(delivery="pull-request")
    hours = direct.approval.deadline_hours
    assert longest_seconds(by_request) - longest_seconds(direct) == hours * 3600 > TURN_SECONDS
