from __future__ import annotations

import asyncio
from typing import Any

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.controllers.pull_requests import PullRequestFollower
from idp.capabilities.promotion.kinds import PullRequest
from idp.kernel.controller import Request


async def test_killed_all_the_way_to_a_merge_there_is_one_commit(world: Any) -> None:
    development = await world.instance("development")
    patch = {"spec": {"delivery": "pull-request"}}
    await development.api.patch(PromotionPipeline.type(), "default", patch)
    await world.release()

    async def pull_requests() -> list[Any]:
        return list((await development.api.list(PullRequest.type())).items)

    async with asyncio.timeout(60), development.engines():
        while not await pull_requests():
            await development.killed_after(2)
        (opened,) = await pull_requests()
        assert await development.commits() == []
        merge = {"spec": {"decision": "merge", "decidedBy": "grace"}}
        meta = opened["metadata"]
        await development.api.patch(PullRequest.type(), meta["name"], merge, meta["namespace"])
        while not await development.is_settled():
            await development.killed_after(2)
        async with development.process():
            done = await development.promotion(["Succeeded"])
    await PullRequestFollower(development.api)(Request(meta["namespace"], meta["name"]))
    (merged,) = await pull_requests()
    (commit,) = await development.commits()
    assert merged["status"]["phase"] == "Merged"
    assert merged["status"]["commit"] == done["status"]["commit"] == commit.id
    assert merged["spec"] == {**opened["spec"], **merge["spec"]}
