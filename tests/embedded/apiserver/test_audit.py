"""Every mutating request is recorded before it is answered, without its content."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.audit import AuditLog
from idp.kernel.audit_entry import AuditEntry
from idp.kernel.database import open_database
from idp.kernel.errors import Forbidden, NotFound, Unavailable
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, SECRET, SERVICE_ACCOUNT


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


async def test_over_http_it_says_from_where_and_by_which_token(
    audited: ApiServer, sink: Recorded
) -> None:
    token = audited.tokens.create("carol", ["system:masters"])
    client = audited.client("admin", ["system:masters"])
    manifest: Manifest = {"metadata": {"name": "robot", "namespace": "default"}}
    await client.create(SERVICE_ACCOUNT, manifest)
    path = "/api/v1/namespaces/default"
    async with http_client(audited, token) as http:
        issued = await http.post(f"{path}/serviceaccounts/robot/token", json={"spec": {}})
        robot = issued.json()["status"]["token"]
        acting = {
            "Impersonate-User": "dave",
            "Impersonate-Uid": "7",
            "Impersonate-Group": "devs",
            "Impersonate-Extra-Reason": "ticket 42",
        }
        assert (await http.post(f"{path}/configmaps", json={}, headers=acting)).status_code == 403
        broken = await http.post(
            f"{path}/configmaps", content=b"{", headers={"Content-Type": "application/json"}
        )
        assert broken.status_code == 400
    async with http_client(audited, robot) as http:
        assert (await http.delete(f"{path}/configmaps/a")).status_code == 403
        acting = {"Impersonate-User": "admin", "Impersonate-Group": "system:masters"}
        assert (await http.delete(f"{path}/configmaps/a", headers=acting)).status_code == 403
        assert (await http.get(f"{path}/configmaps/a", headers=acting)).status_code == 403
    account = "system:serviceaccount:default:robot"
    assert [record[:3] for record in sink.records[1:]] == [
        ("carol", "create serviceaccounts/token", "default/robot"),
        ("carol", "create configmaps", "default/"),
        ("carol", "create configmaps", "default/"),
        (account, "delete configmaps", "default/a"),
        (account, "impersonate users", "admin"),
    ]
    facts = [record[3] for record in sink.records[1:]]
    assert {fact["from"] for fact in facts} == {"127.0.0.1"}
    assert [fact["code"] for fact in facts] == [200, 403, 400, 403, 403]
    assert (facts[1]["as"], facts[1]["uid"]) == ("dave", "7")
    assert facts[1]["groups"] == ["devs", "system:authenticated"]
    assert facts[1]["extra"] == {"reason": ["ticket 42"]}
    assert facts[3]["credential"].startswith("JTI=")
    assert robot not in repr(sink.records)


def http_client(server: ApiServer, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, verify=False, trust_env=False)


async def test_an_error_of_the_server_is_recorded_too(
    audited: ApiServer, sink: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(audited._store, "put", broken)
    client = audited.client("alice", ["system:masters"])
    with pytest.raises(ZeroDivisionError):
        await client.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "default"}})
    assert [(record[0], record[3]["code"]) for record in sink.records] == [("alice", 500)]


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
