"""Many promotions of one application at once: one after the other, whatever the policy."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.decide.promotion_status import PROCEEDING, has_ended
from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.conditions import is_true
from idp.protocols.git.memory import MemoryRepository

MANY = 5


async def rules(instance: Any, **spec: Any) -> None:
    await instance.api.patch(PromotionPipeline.type(), "default", {"spec": spec})


async def ended(instance: Any) -> list[Any]:
    """Wait until every promotion has ended."""
    while True:
        found = (await instance.api.list(Promotion.type())).items
        if len(found) >= MANY and all(has_ended(p) for p in found):
            return list(found)
        await asyncio.sleep(0.01)


async def test_two_never_commit_at_once(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each commit, one promotion alone has the turn and has not ended."""
    instance = await world.instance("development")
    await rules(instance, automatic=False, supersede="never")
    releases = [await world.release(number) for number in range(1, MANY + 1)]
    inside, holders = 0, []
    change = MemoryRepository.change

    async def watched(self: Any, *args: Any, **more: Any) -> str:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0.01)  # time for another one to come in
        found = (await instance.api.list(Promotion.type())).items
        holders.append(
            [p["metadata"]["uid"] for p in found if is_true(p, PROCEEDING) and not has_ended(p)]
        )
        assert holders[-1] == [more["key"]]
        result = await change(self, *args, **more)
        inside -= 1
        return result

    monkeypatch.setattr(MemoryRepository, "change", watched)
    async with asyncio.timeout(60), instance.engines(), instance.process():
        for release in releases:
            await instance.imported(release)
        for number, release in enumerate(releases):
            spec = {"application": "hello", "release": release["name"], "initiator": "bob"}
            meta = {"name": f"p{number}", "namespace": "demo"}
            await instance.api.create(Promotion.type(), {"metadata": meta, "spec": spec})
        done = await ended(instance)
    assert {promotion["status"]["phase"] for promotion in done} == {"Succeeded"}
    assert len(holders) == len(await instance.commits()) == MANY


async def test_where_nothing_is_superseded_every_release_comes_in_its_order(world: Any) -> None:
    instance = await world.instance("development")
    await rules(instance, supersede="never")
    releases = [await world.release(number) for number in range(1, MANY + 1)]
    async with asyncio.timeout(60), instance.engines(), instance.process():
        done = await ended(instance)
    assert {promotion["status"]["phase"] for promotion in done} == {"Succeeded"}
    deployed = [commit.message.split()[2] for commit in await instance.commits()]
    assert deployed[::-1] == [release["version"] for release in releases]
