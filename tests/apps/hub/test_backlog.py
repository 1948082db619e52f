from __future__ import annotations

import asyncio

import pytest

from idp.apps.hub import backlog
from idp.apps.hub.backlog import work_off


async def looks(answers: list[int | Exception], wake: asyncio.Event) -> int:
    """Work off until there is no answer left; gives how often was looked."""
    seen, done = 0, asyncio.Event()

    async def look() -> int:
        nonlocal seen
        seen += 1
        if len(answers) == 1:
            done.set()
        answer = answers.pop(0) if answers else 0
        if isinstance(answer, Exception):
            raise answer
        return answer

    task = asyncio.create_task(work_off("test", look, wake))
    await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return seen


async def test_what_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "FIRST_DELAY", 0.001)
    assert await looks([1, 1, 0], asyncio.Event()) == 3


async def test_no_error_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "FIRST_DELAY", 0.001)
    assert await looks([OSError("no space left on device"), ValueError(), 0], asyncio.Event()) == 3


async def test_it_looks_when_it_is_woken() -> None:
    wake = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, wake.set)
    assert await looks([0, 0], wake) == 2
