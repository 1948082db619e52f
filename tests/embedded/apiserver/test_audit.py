"""Every mutating request is recorded before it is answered, without its content."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.audit import AuditLog
from idp.kernel.audit_entry import AuditEntry
from idp.kernel.database import open_database
from idp.kernel.errors import Forbidden, NotFound, Unavailable
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, SECRET


class Recorded:
    """A sink that keeps what it gets, or fails."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, str, dict[str, Any]]] = []
        self.broken = False

    def append_all(self, entries: Sequence[AuditEntry]) -> object:
        if self.broken:
            raise OSError("no space left")
        self.records += [(e.actor, e.action, e.target, e.facts) for e in entries]
        return None


@pytest.fixture
def sink() -> Recorded:
    return Recorded()


@pytest.fixture
async def audited(tmp_path: Path, sink: Recorded) -> AsyncIterator[ApiServer]:
    async with ApiServer(ApiServerSettings(data=tmp_path / "data"), audit=sink) as server:
        yield server


async def test_who_did_what_with_which_outcome(audited: ApiServer, sink: Recorded) -> None:
    client = audited.client("alice", ["system:masters"])
    secret: Manifest = {
        "metadata": {"name": "s", "namespace": "default"},
        "stringData": {"password": "hunter2"},
    }
    await client.create(SECRET, secret)
    await client.impersonating("bob", ["system:masters"]).delete(SECRET, "s", "default")
    with pytest.raises(NotFound):
        await client.delete(SECRET, "s", "default")
    with pytest.raises(Forbidden):
        await audited.client("eve").create(SECRET, secret)
    assert [record[:3] for record in sink.records] == [
        ("alice", "create secrets", "default/s"),
        ("alice", "delete secrets", "default/s"),
        ("alice", "delete secrets", "default/s"),
        ("eve", "create secrets", "default/"),
    ]
    facts = [record[3] for record in sink.records]
    assert [fact["code"] for fact in facts] == [200, 200, 404, 403]
    assert facts[1]["as"] == "bob"
    assert facts[3]["reason"] == "Forbidden"
    assert "hunter2" not in repr(sink.records)


async def test_reading_is_not_recorded(audited: ApiServer, sink: Recorded) -> None:
    client = audited.client("alice", ["system:masters"])
    await client.list(CONFIG_MAP)
    assert sink.records == []


async def test_what_cannot_be_recorded_is_not_acknowledged(
    audited: ApiServer, sink: Recorded
) -> None:
    sink.broken = True
    client = audited.client("alice", ["system:masters"])
    with pytest.raises(Unavailable, match="could not be recorded"):
        await client.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "default"}})


async def test_the_chain_of_the_kernel_takes_the_records(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    log = AuditLog(database)
    async with ApiServer(ApiServerSettings(data=tmp_path / "data"), audit=log) as server:
        client = server.client("alice", ["system:masters"])
        metadata = [{"name": f"n{i}", "namespace": "default"} for i in range(20)]
        await asyncio.gather(*(client.create(CONFIG_MAP, {"metadata": m}) for m in metadata))
    verdict = log.verify()
    assert (verdict.records, verdict.broken_at) == (20, None)
    database.dispose()
