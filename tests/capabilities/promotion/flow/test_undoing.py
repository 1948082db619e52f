from __future__ import annotations

import asyncio
from typing import Any

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.environments.kinds import PromotionPipeline

REPOSITORY = "demo/hello"


async def test_an_application_that_never_becomes_ready_is_undone(world: Any) -> None:
    development = await world.instance("development")
    spec = {"automatic": True, "rolloutDeadlineSeconds": 5}
    patch = {"spec": spec}
    await development.api.patch(PromotionPipeline.type(), "default", patch)
    first = await world.release(1)
    async with asyncio.timeout(60), development.engines():
        async with development.process():
            await development.promotion(["Succeeded"])
        second = await world.release(2)
        development.broken_images.add(second["image"])
        async with development.process():
            failed = await development.promotion(["Failed"], second["name"])
            await development.wants(first["image"])
    message = failed["status"]["message"]
    assert "confirm: not done within 5 s" in message
    assert "ModuleNotFoundError: no module flask" in message
    assert f"undone by commit {(await development.commits())[0].id[:12]}" in message
    assert f"{first['version']} serves on" in message
    assert [c.message.partition("\n")[0] for c in await development.commits()] == [
        f'Revert "Deploy hello {second["version"]}"',
        f"Deploy hello {second['version']}",
        f"Deploy hello {first['version']}",
    ]
    assert [e.phase for e in development.ledger()] == ["Failed", "Succeeded"]


async def test_rollback_goes_back_to_the_commit_before(world: Any) -> None:
    development = await world.instance("development")
    first = await world.release(1)
    async with asyncio.timeout(60), development.engines():
        async with development.process():
            await development.promotion(["Succeeded"])
        second = await world.release(2)
        async with development.process():
            await development.promotion(["Succeeded"], second["name"])
            done = await development.roll_back()
    assert done["status"]["phase"] == "Succeeded", done["status"]["message"]
    assert done["status"]["image"] == first["image"]
    running = await development.api.get(WebApplication.type(), "hello", "demo")
    assert running["spec"]["image"] == first["image"]
    assert "it is slow" in (await development.commits())[0].message
    assert development.ledger()[0].release == first["version"]


async def test_rollback_without_anything_before_is_refused(world: Any) -> None:
    development = await world.instance("development")
    await world.release(1)
    async with asyncio.timeout(60), development.engines(), development.process():
        await development.promotion(["Succeeded"])
        done = await development.roll_back()
    assert done["status"]["phase"] == "Failed"
    assert "there is nothing to go back to" in done["status"]["message"]
    assert len(await development.commits()) == 1
