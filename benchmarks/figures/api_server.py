"""The embedded API server by itself, beside plain SQLite on the same disk."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import time
from pathlib import Path

import orjson

from benchmarks.figure import Figure, Peer
from benchmarks.stage import Stage
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.client import Client
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP

OBJECTS = 1000
WATCHERS = 50
CHANGES = 50


async def measure(stage: Stage) -> list[Figure]:
    """Create, get, and watch ConfigMaps through the client that controllers use."""
    commits, selects = _plain_sqlite(stage.scratch / "plain.db")
    api = ApiServer(ApiServerSettings(data=stage.scratch / "apiserver"))
    async with api:
        client = api.client("benchmark", ("system:masters",))
        creates = await _creates_per_second(client)
        gets = await _gets_per_second(client)
        fan_out = await _fan_out(client)
    return [
        Figure("API server: creates", creates, "1/s", peer=Peer("plain SQLite commits", commits)),
        Figure("API server: gets", gets, "1/s", peer=Peer("plain SQLite selects", selects)),
        Figure(
            f"API server: a change to the last of {WATCHERS} watchers",
            fan_out,
            "ms",
            note=f"median of {CHANGES}",
        ),
    ]


def _config_map(number: int) -> Manifest:
    return {
        "metadata": {"name": f"object-{number}", "namespace": "default"},
        "data": {f"key-{n}": "x" * 50 for n in range(10)},
    }


async def _creates_per_second(client: Client) -> float:
    started = time.monotonic()
    for number in range(OBJECTS):
        await client.create(CONFIG_MAP, _config_map(number))
    return OBJECTS / (time.monotonic() - started)


async def _gets_per_second(client: Client) -> float:
    started = time.monotonic()
    for number in range(OBJECTS):
        await client.get(CONFIG_MAP, f"object-{number}", "default")
    return OBJECTS / (time.monotonic() - started)


async def _fan_out(client: Client) -> float:
    """Median milliseconds from before a change is sent until the last watcher has it."""
    version = (await client.list(CONFIG_MAP, "default")).resource_version
    seen: asyncio.Queue[None] = asyncio.Queue()

    async def watch() -> None:
        async for _ in client.watch(CONFIG_MAP, "default", resource_version=version):
            seen.put_nowait(None)

    watchers = [asyncio.create_task(watch()) for _ in range(WATCHERS)]
    durations = []
    try:
        for number in range(CHANGES):
            started = time.monotonic()
            change = {"data": {"changed": str(number)}}
            await client.patch(CONFIG_MAP, "object-0", change, "default")
            for _ in watchers:
                await seen.get()
            durations.append((time.monotonic() - started) * 1000)
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
    return statistics.median(durations)


def _plain_sqlite(path: Path) -> tuple[float, float]:
    """Commits and selects a second of one row each, as durable as the API server's."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE objects (name TEXT PRIMARY KEY, content BLOB)")
    started = time.monotonic()
    for number in range(OBJECTS):
        row = (f"object-{number}", orjson.dumps(_config_map(number)))
        connection.execute("INSERT INTO objects VALUES (?, ?)", row)
    commits = OBJECTS / (time.monotonic() - started)
    started = time.monotonic()
    for number in range(OBJECTS):
        query = "SELECT content FROM objects WHERE name = ?"
        orjson.loads(connection.execute(query, (f"object-{number}",)).fetchone()[0])
    selects = OBJECTS / (time.monotonic() - started)
    connection.close()
    return commits, selects
