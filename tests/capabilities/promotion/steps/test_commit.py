from __future__ import annotations

from typing import Any

import pytest
import yaml

from idp.capabilities.promotion.gatekeeper import Gatekeeper
from idp.capabilities.promotion.gates.freeze import FreezeGate
from idp.capabilities.promotion.gates.window import WindowGate
from idp.capabilities.promotion.kinds import Freeze, Promotion
from idp.capabilities.promotion.steps.commit import CommitStep
from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.capabilities.promotion.turn import PromotionEnded, Turns
from idp.capabilities.scanning.kinds import VulnerabilityException
from idp.kernel.standard import ARGO_APPLICATION

RELEASE = f"sha256:{1:064x}"


async def approved(bench: Any, promotion: str = "p", **changes: Any) -> CommitStep:
    policy = await bench.rules()
    await bench.promotion(promotion)
    facts = {"releaseDigest": RELEASE, "policyVersion": policy, **changes}
    await bench.done("approval", promotion, **facts)
    await bench.done("gates", promotion, releaseDigest=RELEASE, gates=[], override={})
    turns, argo_cd = Turns(bench.client), bench.argo_cd
    keeper = Gatekeeper([FreezeGate(bench.client), WindowGate()])
    return CommitStep(bench.reader, bench.environment, turns, argo_cd, keeper, environment="uat")


async def commit(bench: Any, step: CommitStep, promotion: str = "p") -> Any:
    return await bench.perform(
        step,
        promotion,
        release="r1",
        approval=f"{promotion}-approval",
        gates=f"{promotion}-gates",
    )


async def test_writes_what_runs_and_says_so(bench: Any) -> None:
    release = await bench.release(configuration={"defaults": {"colour": "red"}})
    outcome = await commit(bench, await approved(bench))
    assert outcome.outputs["image"] == release.spec.image
    files = await bench.git.files(outcome.outputs["commit"], "demo/hello")
    application = yaml.safe_load(files["webapplication.yaml"])
    assert application["metadata"] == {
        "name": "hello",
        "namespace": "demo",
        "labels": {
            "app.kubernetes.io/managed-by": "idp",
            "platform.idp/release": release.spec.version,
        },
        "annotations": {
            "platform.idp/promotion": "p",
            "platform.idp/release-digest": RELEASE,
        },
    }
    assert application["spec"] == {"port": 8081, "image": release.spec.image}
    configuration = yaml.safe_load(files["applicationconfiguration.yaml"])
    assert configuration["metadata"]["name"] == "hello-config"
    assert configuration["spec"] == {"defaults": {"colour": "red"}}


async def test_a_configuration_that_is_gone_is_removed(bench: Any) -> None:
    await bench.environment.deploy(
        bench.release_spec(5, configuration={"defaults": {}}), "demo", promotion="old", uid="old"
    )
    await bench.release()
    outcome = await commit(bench, await approved(bench))
    files = await bench.git.files(outcome.outputs["commit"], "demo/hello")
    assert list(files) == ["webapplication.yaml"]


async def test_called_again_it_makes_no_second_commit(bench: Any) -> None:
    await bench.release()
    step = await approved(bench)
    first, second = await commit(bench, step), await commit(bench, step)
    assert first.outputs == second.outputs
    assert len(await bench.git.history("main")) == 1


async def test_argo_cd_is_told(bench: Any) -> None:
    await bench.release()
    await commit(bench, await approved(bench))
    application = await bench.client.get(ARGO_APPLICATION, "hello", "demo")
    assert application["metadata"]["annotations"] == {"argocd.argoproj.io/refresh": "normal"}
    assert application["spec"] == {
        "project": "default",
        "source": {
            "repoURL": "http://127.0.0.1:8600/git/environments/uat.git",
            "targetRevision": "main",
            "path": "demo/hello",
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "demo"},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
    }


async def test_waits_for_its_turn(bench: Any) -> None:
    await bench.release()
    first, second = await approved(bench), await approved(bench, "q")
    await commit(bench, first)
    outcome = await commit(bench, second, "q")
    assert (outcome.phase, outcome.reason) == ("Running", "WaitingForTurn")
    assert "promotion p of the same application" in outcome.message
    await bench.client.patch(Promotion.type(), "p", {"status": {"phase": "Succeeded"}}, "demo")
    assert (await commit(bench, second, "q")).phase == "Succeeded"


async def test_a_superseded_promotion_commits_nothing(bench: Any) -> None:
    await bench.release()
    step = await approved(bench)
    await bench.client.patch(Promotion.type(), "p", {"status": {"phase": "Superseded"}}, "demo")
    with pytest.raises(PromotionEnded):
        await commit(bench, step)
    assert await bench.git.head() is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"releaseDigest": f"sha256:{2:064x}"}, "approved another release"),
        ({"policyVersion": "sha256:old"}, "rules of the PromotionPipeline or the SecurityProfile"),
    ],
)
async def test_an_approval_of_something_else_commits_nothing(
    bench: Any, changes: Any, said: str
) -> None:
    await bench.release()
    step = await approved(bench, **changes)
    with pytest.raises(UnprovenStep, match=said):
        await commit(bench, step)
    assert await bench.git.head() is None


async def test_only_the_release_of_the_promotion_is_committed(bench: Any) -> None:
    await bench.release(2)
    step = await approved(bench)
    with pytest.raises(UnprovenStep, match="the promotion is of r1"):
        await bench.perform(step, release="r2", approval="p-approval", gates="p-gates")


EXCEPTION = {
    "finding": "CVE-1",
    "reason": "r",
    "author": "ada",
    "approver": "grace",
    "expires": "2099-01-01T00:00:00Z",
}


async def test_a_verdict_that_has_grown_old_commits_nothing(bench: Any) -> None:
    await bench.release()
    step = await approved(bench, validUntil="2026-01-01T00:00:00Z")
    with pytest.raises(UnprovenStep, match="held until 2026-01-01"):
        await commit(bench, step)
    assert await bench.environment.in_force("demo", "hello") == []


async def test_a_verdict_that_holds_commits(bench: Any) -> None:
    await bench.release()
    meta = {"name": "e", "namespace": "demo"}
    exception = await bench.client.create(
        VulnerabilityException.type(), {"metadata": meta, "spec": EXCEPTION}
    )
    stands_on = [{"name": "e", "uid": exception["metadata"]["uid"]}]
    step = await approved(bench, validUntil="2099-01-01T00:00:00Z", exceptions=stands_on)
    assert (await commit(bench, step)).phase == "Succeeded"


@pytest.mark.parametrize("made_again", [False, True])
async def test_a_revoked_exception_voids_the_verdict(bench: Any, made_again: bool) -> None:
    await bench.release()
    if made_again:
        meta = {"name": "e", "namespace": "demo"}
        await bench.client.create(
            VulnerabilityException.type(), {"metadata": meta, "spec": EXCEPTION}
        )
    step = await approved(bench, exceptions=[{"name": "e", "uid": "of-the-former-one"}])
    with pytest.raises(UnprovenStep, match="exception e, on which the verdict stands, was revoked"):
        await commit(bench, step)


async def test_a_freeze_that_began_while_it_waited_for_its_turn_holds_it(bench: Any) -> None:
    await bench.release()
    step = await approved(bench)
    spec = {"until": "2999-01-01T00:00:00Z", "reason": "audit", "by": "grace"}
    await bench.client.create(Freeze.type(), {"metadata": {"name": "audit"}, "spec": spec})
    outcome = await commit(bench, step)
    assert (outcome.phase, outcome.reason) == ("Running", "WaitingForGates")
    assert "grace froze it until 2999-01-01T00:00:00Z: audit" in outcome.message
    assert await bench.git.head() is None
    await bench.client.delete(Freeze.type(), "audit")
    done = await commit(bench, step)
    await bench.client.create(Freeze.type(), {"metadata": {"name": "audit"}, "spec": spec})
    assert (await commit(bench, step)).outputs == done.outputs  # what is committed is finished
