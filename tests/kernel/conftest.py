"""The implementations of `Client` that the suites of this folder run over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.client import Client
from idp.kernel.errors import AlreadyExists, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import CONFIG_MAP, DEPLOYMENT, NAMESPACE, SECRET
from support.control_plane import RealApi


@pytest.fixture(params=["memory", "local", "http", "real"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Client]:
    """In memory; the embedded server in process and over TLS; a real kube-apiserver, if there.

    Namespaces `default`, `demo` and `somewhere` are there and hold nothing of a test.
    """
    async with AsyncExitStack() as stack:
        client: Client
        if request.param == "memory":
            client = MemoryClient()
            await client.create(NAMESPACE, {"metadata": {"name": "default"}})
        elif request.param == "real":
            real: RealApi = request.getfixturevalue("real_api")
            client = HttpClient(settings_from_kubeconfig(real.kubeconfig))
            await stack.enter_async_context(client)
            stack.push_async_callback(empty, client)
        else:
            server = ApiServer(ApiServerSettings(data=tmp_path / "data"))
            await stack.enter_async_context(server)
            if request.param == "local":
                client = server.client("admin", ["system:masters"])
            else:
                server.kubeconfig(path=tmp_path / "kubeconfig")
                settings = settings_from_kubeconfig(tmp_path / "kubeconfig")
                client = await stack.enter_async_context(HttpClient(settings))
        for name in ("demo", "somewhere"):
            with contextlib.suppress(AlreadyExists):
                await client.create(NAMESPACE, {"metadata": {"name": name}})
        yield client


async def empty(client: Client) -> None:
    """Take from a server that stays what a test has made."""
    for type_ in (DEPLOYMENT, CONFIG_MAP, SECRET):
        for item in (await client.list(type_)).items:
            meta = item["metadata"]
            if meta["namespace"].startswith("kube-") or meta["name"].startswith("kube-"):
                continue
            with contextlib.suppress(NotFound):
                if meta.get("finalizers"):
                    freed = {"metadata": {"finalizers": None}}
                    await client.patch(type_, meta["name"], freed, meta["namespace"])
                await client.delete(type_, meta["name"], meta["namespace"])
    await _delete_namespace(client, "other")


async def _delete_namespace(client: Client, name: str) -> None:
    version = (await client.list(NAMESPACE)).resource_version
    try:
        await client.delete(NAMESPACE, name)
    except NotFound:
        return
    async with asyncio.timeout(60):
        async for event in client.watch(NAMESPACE, resource_version=version):
            if (event.type, event.object["metadata"]["name"]) == ("DELETED", name):
                return
