from __future__ import annotations

import asyncio

from idp.apps.hub.changes import REMEMBERED, Changes


async def test_who_waits_is_woken() -> None:
    changes = Changes()
    waiting = asyncio.create_task(changes.wait(changes.position, 30))
    await asyncio.sleep(0)
    changes.add("git", "demo/hello")
    found = await waiting
    assert found is not None
    assert [(change.service, change.repository) for change in found] == [("git", "demo/hello")]


async def test_nothing_happened() -> None:
    changes = Changes()
    assert await changes.wait(changes.position, 0.01) == []


async def test_a_position_of_another_life_means_look_at_everything() -> None:
    changes = Changes()
    assert changes.since(0) is None
    assert changes.since(changes.position + 1) is None


async def test_only_the_newest_are_remembered() -> None:
    changes = Changes()
    start = changes.position
    for _ in range(REMEMBERED + 1):
        changes.add("registry", "demo/hello")
    assert changes.since(start) is None
    known = changes.since(changes.position - 10)
    assert known is not None
    assert len(known) == 10
