"""What the store promises: durable before acknowledged, ordered, bounded, refusing when it must."""

from __future__ import annotations

import asyncio
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from idp.embedded.apiserver.errors import ObjectTooLarge
from idp.embedded.apiserver.storage import database, history
from idp.embedded.apiserver.storage.record import Key, Record
from idp.embedded.apiserver.storage.store import Store
from idp.kernel.errors import Gone, MissingPrerequisite, Unavailable
from idp.kernel.resource import Manifest

RESOURCE = "/configmaps"


def key(name: str) -> Key:
    return Key(RESOURCE, "default", name)


def manifest(name: str, text: str = "x") -> Manifest:
    return {"metadata": {"name": name, "namespace": "default", "uid": name}, "data": {"a": text}}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path / "objects.db")
    store.start()
    yield store
    if store.is_open:
        await store.stop()


async def put(store: Store, name: str, text: str = "x") -> int:
    async with store.locked(key(name)):
        return (await store.put(key(name), manifest(name, text))).version


async def test_versions_grow_and_survive_a_restart(store: Store, tmp_path: Path) -> None:
    first, second = await put(store, "a"), await put(store, "b")
    assert second > first
    await store.stop()
    again = Store(tmp_path / "objects.db")
    again.start()
    found = again.get(key("b"))
    assert found is not None
    assert found.version == second
    assert again.version > second
    assert await put(again, "c") > again.version - 1
    await again.stop()


async def test_the_version_of_a_deletion_is_never_given_out_again(
    store: Store, tmp_path: Path
) -> None:
    await put(store, "a")
    async with store.locked(key("a")) as record:
        assert record is not None
        removed = await store.remove(key("a"), record.manifest())
    await store.stop()
    again = Store(tmp_path / "objects.db")
    again.start()
    assert again.get(key("a")) is None
    assert await put(again, "a") > removed.version
    await again.stop()


async def test_listeners_hear_of_changes_in_order(store: Store) -> None:
    heard: list[int] = []
    store.listen(lambda change: heard.append(change.version))
    await asyncio.gather(*(put(store, f"n{i}") for i in range(50)))
    assert heard == sorted(heard)
    assert len(heard) == 50


async def test_nothing_is_visible_before_its_commit(store: Store) -> None:
    async with store.locked(key("a")):
        writing = asyncio.create_task(store.put(key("a"), manifest("a")))
        await asyncio.sleep(0)
        assert store.get(key("a")) is None
        assert await writing is store.get(key("a"))


async def test_writers_of_one_object_follow_each_other(store: Store) -> None:
    async def append(text: str) -> None:
        async with store.locked(key("a")) as record:
            former = record.manifest()["data"]["a"] if record else ""
            await store.put(key("a"), manifest("a", former + text))

    await asyncio.gather(*(append(letter) for letter in "abcdefgh"))
    found = store.get(key("a"))
    assert found is not None
    assert sorted(found.manifest()["data"]["a"]) == list("abcdefgh")


async def test_a_writer_that_is_cancelled_keeps_the_lock_until_the_outcome(store: Store) -> None:
    async def write(text: str) -> None:
        async with store.locked(key("a")):
            await store.put(key("a"), manifest("a", text))

    task = asyncio.create_task(write("first"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    found = store.get(key("a"))
    assert found is not None
    assert found.manifest()["data"]["a"] == "first"


async def test_a_full_disk_refuses_the_write_and_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, "a", "before")
    failing = True
    write = database.Database._write

    def full(self: database.Database, row: database.Row) -> None:
        if failing:
            raise sqlite3.OperationalError("database or disk is full")
        write(self, row)

    monkeypatch.setattr(database.Database, "_write", full)
    with pytest.raises(Unavailable, match="disk is full") as caught:
        await put(store, "a", "after")
    assert "Make room" in (caught.value.remedy or "")
    found = store.get(key("a"))
    assert found is not None
    assert found.manifest()["data"]["a"] == "before"
    failing = False
    await put(store, "a", "later")


async def test_a_real_limit_of_the_database_is_survived(store: Store) -> None:
    connection = store._database._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 4}")

    async def fill() -> None:
        for i in range(200):
            await put(store, f"n{i}", "x" * 4000)

    with pytest.raises(Unavailable, match="full"):
        await fill()
    connection.execute("PRAGMA max_page_count=100000")
    await put(store, "after")
    assert store.get(key("after")) is not None


async def test_an_object_that_a_cluster_does_not_store_is_refused(store: Store) -> None:
    most = 1536 * 1024
    await put(store, "a", "x" * (most - 200))
    with pytest.raises(ObjectTooLarge, match="request is too large"):
        await put(store, "a", "y" * most)
    record = store.get(key("a"))
    assert record is not None
    assert record.manifest()["data"]["a"][0] == "x"
    assert await put(store, "b") > record.version


async def test_after_stop_nothing_is_accepted(store: Store) -> None:
    await store.stop()
    with pytest.raises(Unavailable):
        await put(store, "a")


def test_a_record_takes_the_memory_of_its_bytes() -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        records = [Record.of(key("a"), n, manifest("a", "x" * 1900)) for n in range(100)]
        size = (tracemalloc.get_traced_memory()[0] - before) / len(records)
    finally:
        tracemalloc.stop()
    assert size < len(records[0].raw) + 1000


async def test_changes_after_a_version(store: Store) -> None:
    first = await put(store, "a")
    second = await put(store, "b")
    changes = store.history(RESOURCE).after(first)
    assert [change.version for change in changes] == [second]
    assert store.history(RESOURCE).after(second) == []


async def test_trimmed_changes_are_gone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_EVENTS", 3)
    first = await put(store, "a")
    for i in range(5):
        await put(store, f"n{i}")
    with pytest.raises(Gone):
        store.history(RESOURCE).after(first)


async def test_changes_before_the_start_are_gone(store: Store, tmp_path: Path) -> None:
    version = await put(store, "a")
    await store.stop()
    again = Store(tmp_path / "objects.db")
    again.start()
    with pytest.raises(Gone):
        again.history(RESOURCE).after(version)
    await again.stop()


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "objects.db") as connection:
        connection.execute(f"PRAGMA user_version={database.FORMAT + 1}")
    connection.close()
    with pytest.raises(MissingPrerequisite, match="a newer version wrote it"):
        Store(tmp_path / "objects.db")


async def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "objects.db").write_bytes(b"this is no database, " * 500)
    with pytest.raises(MissingPrerequisite, match="cannot be opened"):
        Store(tmp_path / "objects.db")


async def test_a_second_server_on_one_database_is_refused(store: Store, tmp_path: Path) -> None:
    await put(store, "a")
    with pytest.raises(MissingPrerequisite):
        Store(tmp_path / "objects.db")


async def written(path: Path, count: int) -> None:
    store = Store(path)
    store.start()
    for number in range(count):
        await put(store, f"object-{number}", f"<{number}>" * 500)
    await store.stop()


def start(path: Path) -> None:
    store = Store(path)
    try:
        store.start()
    finally:
        store._database._connection.close()


def read_all(path: Path) -> None:
    """Start on a database, then read what a start does not: the index that writes go by."""
    start(path)
    database.check_database(path)


def flip(path: Path, offset: int, mask: int = 1) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= mask
    path.write_bytes(content)


async def test_a_changed_byte_of_an_object_is_found(tmp_path: Path) -> None:
    path = tmp_path / "objects.db"
    await written(path, 20)
    flip(path, path.read_bytes().index(b"<7><7>") + 1)
    with pytest.raises(MissingPrerequisite, match="object-7 is not as it was written"):
        start(path)


@pytest.mark.parametrize("page", range(1, 9))
async def test_a_page_that_is_overwritten_is_found(tmp_path: Path, page: int) -> None:
    path = tmp_path / "objects.db"
    await written(path, 40)
    content = bytearray(path.read_bytes())
    content[page * 4096 : (page + 1) * 4096] = bytes(4096)
    path.write_bytes(content)
    with pytest.raises(MissingPrerequisite, match=r"is damaged|cannot be opened"):
        read_all(path)


@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
async def test_a_truncated_file_is_found(tmp_path: Path, part: float) -> None:
    path = tmp_path / "objects.db"
    await written(path, 40)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(MissingPrerequisite, match=r"is damaged|cannot be opened"):
        start(path)


async def test_objects_that_are_missing_are_found(tmp_path: Path) -> None:
    path = tmp_path / "objects.db"
    await written(path, 20)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM objects WHERE name = 'object-3'")
    connection.close()
    with pytest.raises(MissingPrerequisite, match="20 objects were written, 19 are found"):
        start(path)


async def test_a_database_of_the_first_format_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "objects.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE objects (resource TEXT NOT NULL, namespace TEXT NOT NULL, "
            "name TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL, "
            "PRIMARY KEY (resource, namespace, name))"
        )
        body = b'{"metadata":{"name":"old","namespace":"default","uid":"u"}}'
        row = (RESOURCE, "default", "old", 7, body)
        connection.execute("INSERT INTO objects VALUES (?, ?, ?, ?, ?)", row)
        connection.execute("PRAGMA user_version=1")
    connection.close()
    store = Store(path)
    store.start()
    assert store.get(key("old")) is not None
    await put(store, "new")
    await store.stop()
    start(path)


async def test_the_number_of_objects_follows_every_kind_of_write(tmp_path: Path) -> None:
    path = tmp_path / "objects.db"
    store = Store(path)
    store.start()
    for name in ("a", "b", "a", "c"):
        await put(store, name)
    async with store.locked(key("b")) as record:
        assert record is not None
        await store.remove(key("b"), record.manifest())
    await put(store, "b")
    await store.stop()
    start(path)
