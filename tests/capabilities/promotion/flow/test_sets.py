from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.kinds import PromotionSet

APPLICATIONS = ("shop", "orders")


async def setting(world: Any, environment: str = "development") -> tuple[Any, dict[str, Any]]:
    instance = await world.instance(environment)
    patch = {"spec": {"automatic": False, "rolloutDeadlineSeconds": 5}}
    await instance.api.patch(PromotionPipeline.type(), "default", patch)
    return instance, {name: await world.release(application=name) for name in APPLICATIONS}


async def start(instance: Any, releases: dict[str, Any], name: str = "prices") -> None:
    """`shop` after `orders`."""
    members = [
        {"application": name, "release": release["name"]} for name, release in releases.items()
    ]
    members[0]["after"] = ["orders"]
    spec = {"members": members, "initiator": "bob", "reason": "new prices"}
    meta = {"name": name, "namespace": "demo"}
    await instance.api.create(PromotionSet.type(), {"metadata": meta, "spec": spec})


async def over(instance: Any) -> Any:
    def fits(manifest: Any) -> bool:
        return (manifest.get("status") or {}).get("phase") in ("Succeeded", "Failed")

    return (await instance.until(PromotionSet.type(), fits))["status"]


async def subjects(instance: Any) -> list[str]:
    return [c.message.partition("\n")[0] for c in reversed(await instance.commits())]


async def test_they_come_in_the_order_of_their_dependencies(world: Any) -> None:
    instance, releases = await setting(world)
    async with asyncio.timeout(60), instance.engines(), instance.process():
        await asyncio.gather(*(instance.imported(r) for r in releases.values()))
        await start(instance, releases)
        status = await over(instance)
    assert status["phase"] == "Succeeded"
    assert [m["phase"] for m in status["members"]] == ["Succeeded", "Succeeded"]
    assert await subjects(instance) == [
        f"Deploy {name} {releases[name]['version']}" for name in ("orders", "shop")
    ]


async def test_a_member_that_fails_takes_back_those_before_it(world: Any) -> None:
    instance, first = await setting(world)
    async with asyncio.timeout(90), instance.engines():
        async with instance.process():
            await asyncio.gather(*(instance.imported(r) for r in first.values()))
            await start(instance, first)  # something to go back to
            assert (await over(instance))["phase"] == "Succeeded"
        await instance.api.delete(PromotionSet.type(), "prices", "demo")
        second = {name: await world.release(2, application=name) for name in APPLICATIONS}
        instance.broken_images.add(second["shop"]["image"])
        async with instance.process():
            await asyncio.gather(*(instance.imported(r) for r in second.values()))
            await start(instance, second, "again")
            status = await over(instance)
        await instance.wants(first["orders"]["image"])
        await instance.wants(first["shop"]["image"])
    assert status["phase"] == "Failed"
    assert status["failure"].startswith("shop: confirm: not done within 5 s")
    assert status["message"].endswith("nothing of the set is in force")
    phases = {m["application"]: m["phase"] for m in status["members"]}
    assert phases == {"shop": "Failed", "orders": "RolledBack"}
    told = [subject.split()[0] for subject in await subjects(instance)]
    assert told == ["Deploy"] * 4 + ["Revert"] * 2


async def test_a_member_that_is_refused_leaves_everything_as_it_was(world: Any) -> None:
    instance, releases = await setting(world, "staging")
    await world.verified(releases["orders"], "development")
    async with asyncio.timeout(60), instance.engines(), instance.process():
        await asyncio.gather(*(instance.imported(r) for r in releases.values()))
        await start(instance, releases)
        status = await over(instance)
    assert status["failure"].startswith("shop: admit: ")
    assert status["message"].endswith("nothing of the set is in force")
    assert await instance.commits() == []


@pytest.mark.parametrize("changes", [4])
async def test_killed_again_and_again_it_comes_to_all(world: Any, changes: int) -> None:
    instance, releases = await setting(world)
    async with asyncio.timeout(100), instance.engines():
        async with instance.process():
            await asyncio.gather(*(instance.imported(r) for r in releases.values()))
        await start(instance, releases)
        while not await finished(instance):
            await instance.killed_after(changes)
        status = await over(instance)
    assert status["phase"] == "Succeeded"
    assert len(await instance.commits()) == 2


async def finished(instance: Any) -> bool:
    (found,) = (await instance.api.list(PromotionSet.type())).items
    return (found.get("status") or {}).get("phase") in ("Succeeded", "Failed")
