"""Control planes that run already: what is asked of them, and how they are taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from idp.apps.instance.control_planes.existing import (
    CLAIM,
    NODE,
    SYSTEM,
    HubToken,
    claim,
    demand_bare,
    demand_rights,
)
from idp.apps.instance.groups import HUB, hub_role
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.clock import utc_now
from idp.kernel.errors import Forbidden, MissingPrerequisite
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, CONFIG_MAP, LEASE, SECRET


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with ApiServer(ApiServerSettings(data=tmp_path / "cluster")) as server:
        yield server


@pytest.fixture
async def client(server: ApiServer, tmp_path: Path) -> AsyncIterator[HttpClient]:
    server.kubeconfig(path=tmp_path / "kubeconfig")
    async with HttpClient(settings_from_kubeconfig(tmp_path / "kubeconfig")) as client:
        yield client


def lease(age: timedelta) -> dict[str, object]:
    renewed = (utc_now() - age).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    return {
        "metadata": {"name": "kube-controller-manager", "namespace": SYSTEM},
        "spec": {"holderIdentity": "x", "renewTime": renewed},
    }


async def test_a_bare_control_plane_will_do(client: HttpClient) -> None:
    await demand_bare(client, "uat")
    await demand_rights(client, "uat")


async def test_a_cluster_with_nodes_is_refused() -> None:
    memory = MemoryClient()
    await memory.create(NODE, {"metadata": {"name": "worker"}})
    with pytest.raises(MissingPrerequisite, match="has 1 nodes") as raised:
        await demand_bare(memory, "uat")
    assert "envtest" in str(raised.value.remedy)


async def test_a_controller_manager_that_runs_is_refused(client: HttpClient) -> None:
    await client.create(LEASE, lease(timedelta(seconds=2)))
    with pytest.raises(MissingPrerequisite, match="kube-controller-manager"):
        await demand_bare(client, "uat")


async def test_one_that_is_gone_does_not_count(client: HttpClient) -> None:
    await client.create(LEASE, lease(timedelta(hours=1)))
    await demand_bare(client, "uat")


async def test_a_user_without_all_rights_is_refused(server: ApiServer) -> None:
    with pytest.raises(MissingPrerequisite, match="may not do everything") as raised:
        await demand_rights(server.client("maya", ["system:authenticated"]), "uat")
    assert "cluster-admin" in str(raised.value.remedy)


async def test_a_cluster_is_taken_once(client: HttpClient, tmp_path: Path) -> None:
    note = tmp_path / "cluster.json"
    await claim(client, "uat", note)
    await claim(client, "uat", note)
    with pytest.raises(MissingPrerequisite, match=r"belongs to another instance \(uat\)") as raised:
        await claim(client, "staging", tmp_path / "other.json")
    assert CLAIM in str(raised.value.remedy)


async def test_a_crash_before_the_note_takes_it_again(client: HttpClient, tmp_path: Path) -> None:
    note = tmp_path / "cluster.json"
    await claim(client, "uat", note)
    note.write_text(note.read_text().replace("true", "false"))
    await claim(client, "uat", note)
    assert "true" in note.read_text()


async def test_another_cluster_than_before_is_refused(client: HttpClient, tmp_path: Path) -> None:
    note = tmp_path / "cluster.json"
    await claim(client, "uat", note)
    await client.delete(CONFIG_MAP, CLAIM, SYSTEM)
    with pytest.raises(MissingPrerequisite, match="another cluster than before"):
        await claim(client, "uat", note)


async def test_the_hub_may_impersonate_and_nothing_else(client: HttpClient, tmp_path: Path) -> None:
    role, binding = hub_role()
    await client.apply(CLUSTER_ROLE, role, field_manager="test")
    await client.apply(CLUSTER_ROLE_BINDING, binding, field_manager="test")
    path = tmp_path / "hub.kubeconfig"
    await HubToken(client, path).renew()
    assert path.stat().st_mode & 0o077 == 0
    settings = settings_from_kubeconfig(path)
    assert settings.client_certificate is None
    async with HttpClient(settings) as hub:
        with pytest.raises(Forbidden, match=HUB):
            await hub.list(SECRET, "default")
        await hub.impersonating("admin", ["system:masters"]).list(SECRET, "default")
