from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.apps.platform.files import write_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.readiness import PartState, parts
from idp.apps.platform.settings import settings_from_port
from idp.apps.platform.supervisor import hold_lock


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    """A data folder whose supervisor runs: this process."""
    layout = Layout(tmp_path)
    lock = hold_lock(layout.supervisor_lock)
    yield layout
    os.close(lock)


def child(pid: int = 0, restarts: int = 0, last_exit: str = "") -> dict[str, Any]:
    return {"name": "uat", "pid": pid, "restarts": restarts, "lastExit": last_exit}


async def uat(layout: Layout, state: dict[str, Any]) -> PartState:
    write_json(layout.supervisor, {"pid": os.getpid(), "children": [state]})
    found = await parts(layout, settings_from_port(1))
    return next(part for part in found if part.name == "uat")


async def test_a_part_that_was_not_started_yet_has_not_died(layout: Layout) -> None:
    part = await uat(layout, child())
    assert (part.state, part.message, part.hopeless) == ("stopped", "", False)


async def test_a_part_that_died_says_why_and_what_to_do(layout: Layout) -> None:
    layout.logs.mkdir()
    layout.log("uat").write_text('{"level": "error", "error": "it is newer", "remedy": "Go back."}')
    part = await uat(layout, child(restarts=1, last_exit="exit code 9"))
    assert part.message == "it died (exit code 9): it is newer"
    assert (part.remedy, part.hopeless, part.restarts) == ("Go back.", True, 1)


async def test_a_part_that_was_killed_may_come_back(layout: Layout) -> None:
    part = await uat(layout, child(restarts=1, last_exit="killed by SIGKILL"))
    assert (part.message, part.hopeless) == ("it died (killed by SIGKILL)", False)


async def test_a_part_that_starts_says_what_it_waits_for(layout: Layout) -> None:
    part = await uat(layout, child(pid=os.getpid()))
    assert (part.state, part.message) == ("starting", "waiting for the certificates")
