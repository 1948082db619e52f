"""`kill -9` in a loop during writes: nothing that was acknowledged is lost, no event is missed.

The ordinary run kills three times. `IDP_KILLS=50 pytest tests/embedded/apiserver/test_killed.py
-o timeout=1800` is the whole proof.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from idp.kernel.errors import Gone, IdpError
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP

KILLS = int(os.environ.get("IDP_KILLS", "3"))
WRITERS = 3
PROGRAM = """
import asyncio, sys
from pathlib import Path
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings

async def main():
    data, port = Path(sys.argv[1]), int(sys.argv[2])
    async with ApiServer(ApiServerSettings(data=data, port=port)) as server:
        if not (data / "kubeconfig").exists():
            server.kubeconfig(path=data / "kubeconfig")
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass
class Acknowledged:
    """What the writers were told.

    Attributes:
        versions: Name of an object -> resource versions of its writes, in the order of the answers.
        values: Name of a counter -> the last value.
        deleted: Names of objects that are gone.
        count: Lines.
    """

    versions: dict[str, list[int]] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    count: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, writer: Process) -> None:
        assert writer.stdout is not None
        latest = 0
        async for line in writer.stdout:
            action, name, *rest = line.decode().split()
            self.count += 1
            self.more.set()
            if action == "delete":
                self.deleted.add(name)
                continue
            version = int(rest[0])
            assert version > latest, "resource versions of one client's writes grow"
            latest = version
            self.versions.setdefault(name, []).append(version)
            if action == "patch":
                self.values[name] = int(rest[1])

    @property
    def highest(self) -> int:
        return max((max(versions) for versions in self.versions.values()), default=0)

    async def reaches(self, count: int) -> None:
        while self.count < count:
            self.more.clear()
            await self.more.wait()


@dataclass
class Session:
    """One watch, from a list until it was answered 410.

    Attributes:
        start: Resource version of the list.
        events: Resource versions of the events.
    """

    start: int
    events: list[int] = field(default_factory=list)


class Watcher:
    """Keeps a copy of all ConfigMaps, as an informer does: list, watch, list again after 410."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self.sessions: list[Session] = []
        self.copy: dict[str, Manifest] = {}
        self.changed = asyncio.Event()
        self._awaited = 0

    async def run(self) -> None:
        while True:
            try:
                listed = await self._client.list(CONFIG_MAP, "default")
            except IdpError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(0.02)
                continue
            session = Session(int(listed.resource_version))
            assert not self.sessions or session.start > max(
                [self.sessions[-1].start, *self.sessions[-1].events]
            ), "resource versions never go back"
            self.sessions.append(session)
            self.copy = {item["metadata"]["name"]: item for item in listed.items}
            self.changed.set()
            try:
                await self._follow(session, listed.resource_version)
            except Gone:
                continue

    async def _follow(self, session: Session, version: str) -> None:
        async for event in self._client.watch(CONFIG_MAP, "default", resource_version=version):
            metadata = event.object["metadata"]
            found = int(metadata["resourceVersion"])
            assert found > max([session.start, *session.events[-1:]]), "events come in order"
            session.events.append(found)
            if event.type == "DELETED":
                del self.copy[metadata["name"]]
            else:
                assert (event.type == "ADDED") == (metadata["name"] not in self.copy)
                self.copy[metadata["name"]] = event.object
            self.changed.set()

    async def comes_back(self) -> None:
        """Wait for a watch on this start of the server."""
        while len(self.sessions) <= self._awaited:
            self.changed.clear()
            await self.changed.wait()
        self._awaited = len(self.sessions)

    async def equals(self, wanted: dict[str, Manifest]) -> None:
        while self.copy != wanted:
            self.changed.clear()
            await self.changed.wait()


@pytest.fixture
async def started() -> AsyncIterator[list[Process]]:
    """Processes of a test, ended with it whatever came of it."""
    processes: list[Process] = []
    yield processes
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def start(data: Path, port: int, started: list[Process]) -> Process:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(data), str(port), stdout=PIPE
    )
    started.append(server)
    assert server.stdout is not None
    assert await server.stdout.readline() == b"ready\n"
    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_acknowledged_writes_survive_and_no_event_is_missed(
    tmp_path: Path, started: list[Process]
) -> None:
    data, port = tmp_path / "data", free_port()
    server = await start(data, port, started)
    kubeconfig, told = data / "kubeconfig", Acknowledged()
    program = str(Path(__file__).with_name("killed_writer.py"))
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable, program, str(kubeconfig), f"w{n}", stdin=PIPE, stdout=PIPE
        )
        for n in range(WRITERS)
    ]
    started += writers
    async with HttpClient(settings_from_kubeconfig(kubeconfig)) as client:
        watcher = Watcher(client)
        async with asyncio.TaskGroup() as group:
            following = group.create_task(watcher.run())
            reading = [group.create_task(told.read(writer)) for writer in writers]
            for _ in range(KILLS):
                await told.reaches(told.count + random.randint(1, 120))
                await watcher.comes_back()
                server.kill()
                await server.communicate()
                server = await start(data, port, started)
            await told.reaches(told.count + 20)
            for writer in writers:
                assert writer.stdin is not None
                writer.stdin.close()
            await asyncio.gather(*reading)
            assert [await writer.wait() for writer in writers] == [0] * WRITERS
            listed = await client.list(CONFIG_MAP, "default")
            found = {item["metadata"]["name"]: item for item in listed.items}
            await watcher.equals(found)
            following.cancel()
    check_nothing_lost(told, found, int(listed.resource_version))
    check_nothing_missed(told, watcher.sessions)


def check_nothing_lost(told: Acknowledged, found: dict[str, Manifest], version: int) -> None:
    assert version >= told.highest
    assert not told.deleted & found.keys(), "what was deleted stays deleted"
    assert told.versions.keys() - told.deleted <= found.keys()
    for name, versions in told.versions.items():
        if name not in told.deleted:
            assert int(found[name]["metadata"]["resourceVersion"]) >= versions[-1]
    for name, value in told.values.items():
        assert int(found[name]["data"]["value"]) == value


def check_nothing_missed(told: Acknowledged, sessions: list[Session]) -> None:
    """Each acknowledged write came as an event, or before the list that began a watch."""
    assert len(sessions) >= KILLS, "the watcher came back every time"
    seen = {version for session in sessions for version in session.events}
    starts = sorted(session.start for session in sessions)
    for versions in told.versions.values():
        for version in versions:
            session = next((s for s in reversed(sessions) if s.start < version), None)
            assert session is not None
            later = next((start for start in starts if start >= version), None)
            in_session = session.events and version <= session.events[-1]
            assert version in seen or (later is not None and not in_session), version
