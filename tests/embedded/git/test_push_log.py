"""The outbox on its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.embedded.git.events import NO_COMMIT, RefChange, changes
from idp.embedded.git.push_log import PushLog
from idp.kernel.errors import MissingPrerequisite


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PushLog]:
    opened = PushLog(tmp_path / "events.db", keep=2)
    yield opened
    opened.close()


def test_changes_are_new_moved_and_deleted_refs() -> None:
    assert changes({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "3"}) == [
        RefChange("b", "1", "2"),
        RefChange("c", "1", NO_COMMIT),
        RefChange("d", NO_COMMIT, "3"),
    ]


async def test_recording_twice_makes_one_event(log: PushLog) -> None:
    await log.start("demo/hello", "ada")
    (event,) = await log.record("demo/hello", {"refs/heads/main": "1"})
    assert event.pusher == "ada"
    assert await log.record("demo/hello", {"refs/heads/main": "1"}) == []
    (moved,) = await log.record("demo/hello", {"refs/heads/main": "2"})
    assert (moved.before, moved.after, moved.pusher) == ("1", "2", "")
    (deleted,) = await log.record("demo/hello", {})
    assert (deleted.before, deleted.after) == ("2", NO_COMMIT)
    assert log.after(1) == [moved, deleted]


async def test_waiting_ends_with_an_event_or_with_none(log: PushLog) -> None:
    assert await log.wait_after(0, timeout=0.01) == []
    waiting = asyncio.create_task(log.wait_after(0, timeout=20))
    await log.record("demo/hello", {"refs/heads/main": "1"})
    assert [event.id for event in await waiting] == [1]


async def test_old_delivered_events_are_forgotten(log: PushLog) -> None:
    for commit in "1234":
        (event,) = await log.record("demo/hello", {"refs/heads/main": commit})
        await log.delivered(event)
    assert [event.id for event in log.after(0)] == [3, 4]
    assert log.newest() == 4


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "events.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(MissingPrerequisite):
        PushLog(tmp_path / "events.db")
