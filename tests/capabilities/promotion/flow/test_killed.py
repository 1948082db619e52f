from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.protocols.signing.predicates import VERIFIED, VSA

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


async def _run(world: Any, fuse: Any) -> tuple[Any, list[str]]:
    """A promotion to its end, killed once on the way or never; gives the changes of life one."""
    instance = await world.instance("development")
    await instance.tell("PromotionSucceeded")
    await world.release()
    async with asyncio.timeout(60), instance.engines():
        async with instance.process(fuse) as fuse:
            waits = [
                asyncio.ensure_future(fuse.burnt.wait()),
                asyncio.ensure_future(instance.tells()),
            ]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        async with instance.process():
            await instance.tells()
    return instance, fuse.changes


OUTSIDE = (
    "commit",
    "attestation",
    "tag",
    "ledger",
    "notification recorded",
    "notification sent",
    "notification marked",
)


async def test_killed_on_both_sides_of_every_outside_effect(
    tmp_path: Path,
    gateway: Any,
    new_world: Callable[[Path, Any], Any],
    new_fuse: Callable[..., Any],
) -> None:
    """Generated: one life is watched, then each of its outside effects is the last of another."""

    async def life(name: str, fuse: Any) -> tuple[Any, list[str]]:
        folder = tmp_path / name
        folder.mkdir()
        world = new_world(folder, gateway)
        try:
            instance, changes = await _run(world, fuse)
            commits = await instance.commits()
            statements = await world.registry.referrers(
                REPOSITORY, instance.ledger()[0].release_digest
            )
            image = instance.ledger()[0].image.rpartition("@")[2]
            tags = await world.registry.tags(REPOSITORY)
            counts = {
                "commits": len(commits),
                "ledger entries": len(instance.ledger()),
                "environment tags": len([tag for tag in tags if tag.startswith("dev-")]),
                "messages": len(instance.receiver.shown),
                "summaries": sum(
                    d.annotations.get("dev.sigstore.bundle.predicateType") == VSA
                    for d in await world.registry.referrers(REPOSITORY, image)
                ),
                "attestations": sum(
                    d.annotations.get("dev.sigstore.bundle.predicateType") == VERIFIED
                    for d in statements
                ),
            }
            return counts, changes
        finally:
            world.dispose()

    once = {"commits": 1, "ledger entries": 1, "environment tags": 1, "messages": 1}
    once |= {"attestations": 1, "summaries": 1}
    counts, changes = await life("whole", new_fuse())
    assert counts == once
    assert set(OUTSIDE) <= set(changes)
    places = {n for n, what in enumerate(changes, 1) if what in OUTSIDE}
    for place in sorted({side for n in places for side in (n - 1, n)} - {0}):
        counts, before_death = await life(f"killed-{place}", new_fuse(place))
        assert counts == once, f"killed after {before_death}"
