"""Going back by itself: what ran before serves again, and what went badly is held."""

from __future__ import annotations

import asyncio
from typing import Any

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.controllers.ending import RESTORED
from idp.capabilities.promotion.decide.next_promotions import HELD
from idp.capabilities.promotion.decide.promotion_status import has_ended
from idp.capabilities.promotion.kinds import Promotion, Release
from idp.kernel.conditions import condition_of, is_true
from idp.kernel.standard import EVENT


class Hints:
    """Hints at changes, given by the test."""

    def __init__(self) -> None:
        self._turn, self._changed = 0, asyncio.Event()

    async def wait(self, after: int, timeout: float) -> int:
        if self._turn == after:
            self._changed.clear()
            await self._changed.wait()
        return self._turn

    def hint(self) -> None:
        self._turn += 1
        self._changed.set()


FORBIDDEN = {"policy": "forbidden", "reason": "it drops the column price"}


async def development(world: Any, **rollback: Any) -> Any:
    instance = await world.instance("development")
    quick = {"windowSeconds": 60, "periodSeconds": 1, "failures": 2, **rollback}
    instance.context.options["changes"] = Hints()
    patch = {"spec": {"rolloutDeadlineSeconds": 5, "rollback": quick}}
    await instance.api.patch(PromotionPipeline.type(), "default", patch)
    return instance


async def held(instance: Any, release: Any) -> tuple[str, str]:
    """Status and reason of the release's hold."""
    manifest = await instance.api.get(Release.type(), release["name"], "demo")
    condition = condition_of(manifest, HELD) or {}
    return condition.get("status", ""), condition.get("reason", "")


async def hold(instance: Any, release: Any, status: str) -> None:
    """Wait until a release is held, or not any more."""

    def fits(manifest: Any) -> bool:
        found = (condition_of(manifest, HELD) or {}).get("status")
        return bool(manifest["metadata"]["name"] == release["name"] and found == status)

    await instance.until(Release.type(), fits)


async def subjects(instance: Any) -> list[str]:
    return [commit.message.partition(" ")[0] for commit in await instance.commits()]


async def test_a_failed_one_is_undone_confirmed_and_held_until_a_person_promotes(
    world: Any,
) -> None:
    instance = await development(world, automatic=False)
    await world.release(1)
    async with asyncio.timeout(60), instance.engines(), instance.process():
        await instance.promotion(["Succeeded"])
        second = await world.release(2)
        instance.broken_images.add(second["image"])
        instance.context.options["changes"].hint()
        failed = await instance.promotion(["Failed"], second["name"])
        assert "undone by commit" in failed["status"]["message"]
        assert is_true(failed, RESTORED)
        restored = condition_of(failed, RESTORED) or {}
        assert "r1-0000000 at commit" in restored["message"]
        assert await held(instance, second) == ("True", "RolledBack")
        assert await subjects(instance) == ["Revert", "Deploy", "Deploy"]
        instance.broken_images.clear()
        await instance.start(second["name"])
        await hold(instance, second, "False")
        await instance.promotion(["Succeeded"], second["name"])
    assert (await subjects(instance))[0] == "Deploy"


async def test_what_ran_before_and_does_not_serve_again_is_said(world: Any) -> None:
    instance = await development(world, automatic=False)
    first = await world.release(1)
    async with asyncio.timeout(60), instance.engines(), instance.process():
        await instance.promotion(["Succeeded"])
        second = await world.release(2)
        instance.broken_images |= {first["image"], second["image"]}
        instance.context.options["changes"].hint()
        failed = await instance.promotion(["Failed"], second["name"])
    restored = condition_of(failed, RESTORED) or {}
    assert (restored["status"], restored["reason"]) == ("False", "DoesNotServe")
    assert "BUT r1-0000000 at commit" in failed["status"]["message"]


async def test_a_release_that_forbids_it_stays_and_freezes_its_application(world: Any) -> None:
    instance = await development(world, automatic=False)
    await world.release(1)
    async with asyncio.timeout(60), instance.engines(), instance.process():
        await instance.promotion(["Succeeded"])
        second = await world.release(2, rollback=FORBIDDEN)
        instance.broken_images.add(second["image"])
        instance.context.options["changes"].hint()
        failed = await instance.promotion(["Failed"], second["name"])
        assert "FROZEN" in failed["status"]["message"]
        assert "it drops the column price" in failed["status"]["message"]
        assert "Push a fix" in failed["status"]["remedy"]
        assert await subjects(instance) == ["Deploy", "Deploy"]
        assert await held(instance, second) == ("True", "Frozen")
        events = (await instance.api.list(EVENT, "demo")).items
        assert [e["reason"] for e in events if e["reason"] == "ApplicationFrozen"]
        back = await instance.roll_back()
        assert "r2-0000000 forbids going back: it drops" in back["status"]["message"]
        third = await world.release(3)
        instance.context.options["changes"].hint()
        await instance.imported(third)
        names = {
            p["spec"].get("release") for p in (await instance.api.list(Promotion.type())).items
        }
        assert third["name"] not in names
        await instance.start(third["name"])
        await hold(instance, second, "False")
        await instance.promotion(["Succeeded"], third["name"])


async def test_one_that_turns_ill_within_its_window_goes_back_by_itself(
    world: Any, gateway: Any
) -> None:
    instance = await development(world)
    first = await world.release(1)
    async with asyncio.timeout(60), instance.engines(), instance.process():
        await instance.promotion(["Succeeded"])
        second = await world.release(2)
        instance.context.options["changes"].hint()
        ended = await instance.promotion(["Succeeded"], second["name"])
        gateway.status = 503
        await hold(instance, second, "True")
        await instance.wants(first["image"])
        gateway.status = 200
        name = f"{ended['metadata']['name']}-rollback"

        def ended_rollback(manifest: Any) -> bool:
            return bool(manifest["metadata"]["name"] == name and has_ended(manifest))

        promotion = await instance.until(Promotion.type(), ended_rollback)
    assert promotion["status"]["phase"] == "Succeeded"
    assert promotion["spec"]["undoes"] == ended["status"]["commit"]
    assert "did not answer 2 times in a row" in promotion["spec"]["reason"]
    assert await held(instance, second) == ("True", "RolledBack")
    assert await subjects(instance) == ["Revert", "Deploy", "Deploy"]


async def test_one_that_turns_ill_and_forbids_it_is_frozen(world: Any, gateway: Any) -> None:
    instance = await development(world)
    await world.release(1)
    async with asyncio.timeout(60), instance.engines(), instance.process():
        await instance.promotion(["Succeeded"])
        second = await world.release(2, rollback=FORBIDDEN)
        instance.context.options["changes"].hint()
        await instance.promotion(["Succeeded"], second["name"])
        gateway.status = 503
        await hold(instance, second, "True")
    assert await held(instance, second) == ("True", "Frozen")
    assert await subjects(instance) == ["Deploy", "Deploy"]
