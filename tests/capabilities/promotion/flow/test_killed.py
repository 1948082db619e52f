from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.protocols.signing.predicates import VERIFIED

REPOSITORY = "demo/hello"


@pytest.mark.parametrize("changes", [1, 2, 3])
@pytest.mark.parametrize("ends", ["well", "badly"])
async def test_killed_after_every_change_it_converges(world: Any, changes: int, ends: str) -> None:
    """Each process lives for so many changes to the outside: one commit, one ledger entry."""
    development = await world.instance("development")
    patch = {"spec": {"rolloutDeadlineSeconds": 5}}
    await development.api.patch(PromotionPipeline.type(), "default", patch)
    release = await world.release()
    if ends == "badly":
        development.broken_images.add(release["image"])
    expected, lives = {"well": "Succeeded", "badly": "Failed"}[ends], 0
    async with asyncio.timeout(100), development.engines():
        while not await development.is_settled():
            lives += 1
            await development.killed_after(changes)
        async with development.process():
            done = await development.promotion([expected])
    assert done["status"]["phase"] == expected
    deployed = [c for c in await development.commits() if c.message.startswith("Deploy")]
    undone = [c for c in await development.commits() if c.message.startswith("Revert")]
    assert (len(deployed), len(undone)) == (1, 0 if ends == "well" else 1)
    (entry,) = development.ledger()
    assert entry.phase == expected
    assert lives > 10 // changes
    statements = [
        d
        for d in await world.registry.referrers(REPOSITORY, release["digest"])
        if d.annotations.get("dev.sigstore.bundle.predicateType") == VERIFIED
    ]
    assert len(statements) == (1 if ends == "well" else 0)
