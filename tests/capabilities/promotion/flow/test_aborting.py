from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.apps.promotion_requests import abort_of, retry_of
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.decide.promotion_status import ABORTED
from idp.capabilities.promotion.kinds import Promotion, PromotionAbort
from idp.kernel.conditions import is_true
from idp.protocols.signing.predicates import VERIFIED

REPOSITORY = "demo/hello"


async def abort(instance: Any, promotion: Any, reason: str = "the wrong\nrelease") -> None:
    await instance.api.create(PromotionAbort.type(), abort_of(promotion, "bob", reason))


async def statements(world: Any, release: Any) -> int:
    found = await world.registry.referrers(REPOSITORY, release["digest"])
    kind = "dev.sigstore.bundle.predicateType"
    return len([d for d in found if d.annotations.get(kind) == VERIFIED])


async def test_one_that_waits_for_approval_commits_nothing(world: Any) -> None:
    uat = await world.instance("uat")
    uat.approvers.append("eve")
    release = await world.release()
    await world.verified(release, "staging")
    async with asyncio.timeout(20), uat.engines(), uat.process():
        waiting = await uat.waiting_approval()
        await abort(uat, waiting)
        ended = await uat.promotion(["Failed", "Succeeded"])
        await uat.approve(ended, "eve")
        await uat.settles()
    status = ended["status"]
    assert status["phase"] == "Failed"
    assert status["message"] == "aborted by bob: the wrong release"
    assert "promotion retry" in status["remedy"]
    assert is_true(ended, ABORTED)
    assert await uat.commits() == []
    (entry,) = uat.ledger()
    assert (entry.phase, entry.message) == ("Failed", "aborted by bob: the wrong release")
    assert await statements(world, release) == 1


async def test_one_that_committed_is_undone_and_never_attested(world: Any) -> None:
    development = await world.instance("development")
    release = await world.release()
    development.broken_images.add(release["image"])
    async with asyncio.timeout(30), development.engines(), development.process():
        await development.wants(release["image"])
        await abort(development, await development.promotion(["Running"]))
        ended = await development.promotion(["Failed", "Succeeded"])
        await development.settles()
    assert "aborted by bob" in ended["status"]["message"]
    assert "undone by commit" in ended["status"]["message"]
    subjects = [commit.message.partition(" ")[0] for commit in await development.commits()]
    assert subjects == ["Revert", "Deploy"]
    assert await statements(world, release) == 0


@pytest.mark.parametrize("changes", [1, 2, 3])
@pytest.mark.parametrize("after", [2, 5, 8])
async def test_killed_after_every_change_an_abort_converges(
    world: Any, changes: int, after: int
) -> None:
    """Aborted early or late: nothing that failed stays in force, nothing aborted is attested."""
    development = await world.instance("development")
    release, lives = await world.release(), 0
    async with asyncio.timeout(100), development.engines():
        while not await development.is_settled():
            lives += 1
            await development.killed_after(changes)
            found = (await development.api.list(Promotion.type())).items
            if lives >= after and found and not (await orders(development)):
                await abort(development, found[0])
        async with development.process():
            ended = await development.promotion(["Failed", "Succeeded"])
    subjects = [commit.message.partition(" ")[0] for commit in await development.commits()]
    if ended["status"]["phase"] == "Failed":
        assert is_true(ended, ABORTED)
        assert subjects in ([], ["Revert", "Deploy"])
        assert await statements(world, release) == 0
    else:
        assert subjects == ["Deploy"]
        assert await statements(world, release) == 1
    assert len(development.ledger()) == 1


async def orders(instance: Any) -> list[Any]:
    return list((await instance.api.list(PromotionAbort.type())).items)


async def test_an_abort_of_a_former_promotion_under_the_name_does_nothing(world: Any) -> None:
    development = await world.instance("development")
    release = await world.release()
    name = f"{release['name']}"
    other = {"metadata": {"name": name, "namespace": "demo", "uid": "another"}}
    order = abort_of({**other, "spec": {}}, "bob", "no")
    order["metadata"].pop("ownerReferences")
    await development.api.create(PromotionAbort.type(), order)
    async with asyncio.timeout(30), development.engines(), development.process():
        ended = await development.promotion(["Failed", "Succeeded"])
    assert ended["status"]["phase"] == "Succeeded"


async def test_a_retry_is_another_promotion_and_leaves_the_first_as_it_is(world: Any) -> None:
    development = await world.instance("development")
    patch = {"spec": {"rolloutDeadlineSeconds": 5}}
    await development.api.patch(PromotionPipeline.type(), "default", patch)
    release = await world.release()
    development.broken_images.add(release["image"])
    async with asyncio.timeout(60), development.engines(), development.process():
        first = await development.promotion(["Failed"])
        development.broken_images.clear()
        made = await development.api.create(Promotion.type(), retry_of(first, "bob", "fixed"))
        again = await development.promotion(["Succeeded"])
    assert again["metadata"]["name"] == made["metadata"]["name"]
    assert again["spec"]["retries"] == first["metadata"]["name"]
    assert again["spec"]["reason"] == f"retry of {first['metadata']['name']}: fixed"
    unchanged = await development.api.get(Promotion.type(), first["metadata"]["name"], "demo")
    assert unchanged["status"] == first["status"]
    assert [entry.phase for entry in development.ledger()] == ["Succeeded", "Failed"]


async def test_what_has_not_ended_cannot_be_tried_again(world: Any) -> None:
    uat = await world.instance("uat")
    await world.verified(await world.release(), "staging")
    async with asyncio.timeout(20), uat.engines(), uat.process():
        waiting = await uat.waiting_approval()
        await uat.api.create(Promotion.type(), retry_of(waiting, "bob", ""))
        refused = await uat.promotion(["Failed"])
    assert "has not ended, so it cannot be tried again" in refused["status"]["message"]
