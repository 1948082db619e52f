from __future__ import annotations

import asyncio
from typing import Any

from idp.capabilities.promotion.kinds import Promotion

REPOSITORY = "demo/hello"


async def test_production_waits_for_somebody_else_than_the_author(world: Any) -> None:
    production = await world.before_production()
    async with asyncio.timeout(30), production.engines(), production.process():
        waiting = await production.waiting_approval()
        assert "somebody to accept dependencies" in waiting["status"]["message"]
        assert (
            "idp-cli approve hello --environment production --namespace demo --accept dependencies"
            in (waiting["status"]["remedy"])
        )
        accepts = [{"name": "dependencies", "until": "2999-01-01T00:00:00Z"}]
        digest = f"sha256:{'d' * 64}"
        await production.approve(waiting, "ada", accepts=accepts)
        await production.approve(waiting, "mallory", accepts=accepts)
        await production.approve(waiting, "grace", accepts=accepts, releaseDigest=digest)
        name = waiting["metadata"]["name"]
        said = await production.says(f"{name}-approval", "another digest")
        assert "ada is the author of the release" in said
        assert "mallory may not approve here" in said
        assert await production.commits() == []
        await production.approve(waiting, "grace", accepts=accepts)
        done = await production.promotion(["Succeeded", "Failed"])
    assert done["status"]["phase"] == "Succeeded"
    (entry,) = production.ledger()
    assert entry.approvals["approvers"] == ["grace"]
    assert entry.approvals["accepted"] == [{**accepts[0], "by": "grace"}]
    assert entry.verdict["mustAccept"] == ["dependencies"]


async def test_a_rejection_ends_it_and_it_is_not_started_again(world: Any) -> None:
    production = await world.before_production()
    async with asyncio.timeout(30), production.engines(), production.process():
        waiting = await production.waiting_approval()
        await production.approve(waiting, "grace", decision="reject", comment="not on a Friday")
        done = await production.promotion(["Failed"])
    assert "rejected by grace: not on a Friday" in done["status"]["message"]
    async with asyncio.timeout(30), production.process():
        await production.imported(await world.release(2))
    assert len((await production.api.list(Promotion.type())).items) == 1
    assert await production.commits() == []


async def test_a_newer_release_supersedes_one_that_waits(world: Any) -> None:
    production = await world.before_production()
    async with asyncio.timeout(30), production.engines(), production.process():
        await production.waiting_approval()
        new = await world.release(2)
        await world.verified(new, "uat")
        async with production.process():
            superseded = await production.promotion(["Superseded"])
    assert superseded["spec"]["release"] != new["name"]
    assert f"superseded by {new['name']}" in superseded["status"]["message"]
