"""Starting, stopping, kubeconfigs."""

from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

import pytest

from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.errors import Forbidden, MissingPrerequisite, Unavailable
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.standard import CONFIG_MAP, NAMESPACE


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = ApiServer(ApiServerSettings(data=tmp_path / "data", port=port))
        with pytest.raises(MissingPrerequisite, match=f"port {port} on 127.0.0.1") as caught:
            await server.start()
        assert "choose another port" in (caught.value.remedy or "")
    async with ApiServer(ApiServerSettings(data=tmp_path / "data", port=port)) as again:
        assert again.url == f"https://127.0.0.1:{port}"


async def test_a_kubeconfig_is_for_its_owner_only(server: ApiServer, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "kubeconfig"
    text = server.kubeconfig("alice", ["developers"], path=path)
    assert path.read_text() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_client_certificate_tells_who_asks(server: ApiServer, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    server.kubeconfig("alice", ["developers"], path=path)
    async with HttpClient(settings_from_kubeconfig(path)) as alice:
        with pytest.raises(Forbidden, match='User "alice" cannot list resource "configmaps"'):
            await alice.list(CONFIG_MAP, "default")
        with pytest.raises(Forbidden, match='cannot impersonate resource "users"'):
            await alice.impersonating("admin").list(CONFIG_MAP, "default")


async def test_certificates_outlive_a_restart(server: ApiServer, kubeconfig: Path) -> None:
    port = int(server.url.rpartition(":")[2])
    await server.stop()
    settings = ApiServerSettings(data=server.settings.data, port=port)
    async with ApiServer(settings), HttpClient(settings_from_kubeconfig(kubeconfig)) as client:
        names = [item["metadata"]["name"] for item in (await client.list(NAMESPACE)).items]
        assert names == ["default", "kube-public", "kube-system"]


async def test_stopping_ends_watches(server: ApiServer, client: LocalClient) -> None:
    listed = await client.list(NAMESPACE)

    async def follow() -> None:
        async for _ in client.watch(NAMESPACE, resource_version=listed.resource_version):
            pass

    watching = asyncio.create_task(follow())
    await asyncio.sleep(0)
    await server.stop()
    with pytest.raises(Unavailable, match="has stopped"):
        await watching


async def test_many_watchers_see_one_change(server: ApiServer, client: LocalClient) -> None:
    listed = await client.list(CONFIG_MAP, "default")

    async def first() -> str:
        events = client.watch(CONFIG_MAP, "default", resource_version=listed.resource_version)
        async for event in events:
            if event.object["metadata"]["name"] == "a":
                return event.type
        return ""

    watching = [asyncio.create_task(first()) for _ in range(500)]
    await client.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "default"}})
    assert await asyncio.gather(*watching) == ["ADDED"] * 500


async def test_metrics_are_for_those_who_may_get_them(server: ApiServer, tmp_path: Path) -> None:
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    server.kubeconfig(path=allowed)
    server.kubeconfig("alice", ["developers"], path=other)
    async with HttpClient(settings_from_kubeconfig(allowed)) as client:
        assert b"idp_reconciliations_total" in await client.request("GET", "/metrics")
    async with HttpClient(settings_from_kubeconfig(other)) as client:
        with pytest.raises(Forbidden, match='cannot get path "/metrics"'):
            await client.request("GET", "/metrics")
