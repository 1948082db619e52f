"""Objects for the gateway, tiny applications behind it, and a running engine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from idp.embedded.gateway import GatewayEngine, stop_gateway
from idp.kernel.conditions import condition_of
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import ENDPOINTS, SERVICE, VIRTUAL_SERVICE
from support.running import running


def virtual_service(
    name: str = "hello", *, host: str | None = None, http: list[Manifest] | None = None
) -> Manifest:
    route = [{"route": [{"destination": {"host": name, "port": {"number": 80}}}]}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"hosts": [host or f"{name}.development.localhost"], "http": http or route},
    }


def service(name: str = "hello", port: int = 80) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"ports": [{"name": "http", "port": port, "targetPort": 8080}]},
    }


def endpoints(name: str, *ports: int) -> Manifest:
    subsets = [
        {"addresses": [{"ip": "127.0.0.1"}], "ports": [{"name": "http", "port": port}]}
        for port in ports
    ]
    meta = {"name": name, "namespace": "demo"}
    return {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta, "subsets": subsets}


@contextlib.asynccontextmanager
async def application(name: str, *, slow: float = 0.0) -> AsyncIterator[int]:
    """An application that answers with its name and what it was asked; gives its port."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(slow)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return web.json_response(
            {"name": name, "path": request.path_qs, "host": request.host, "headers": headers}
        )

    server = web.Application()
    server.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(server, shutdown_timeout=5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@dataclass
class Gateway:
    """A running gateway and the objects it serves."""

    client: MemoryClient
    data: Path
    port: int
    session: aiohttp.ClientSession

    async def serve(self, name: str, *ports: int, manifest: Manifest | None = None) -> None:
        """Make the objects of an application whose replicas listen on ports."""
        await self.client.create(SERVICE, service(name))
        await self.client.create(ENDPOINTS, endpoints(name, *ports))
        await self.client.create(VIRTUAL_SERVICE, manifest or virtual_service(name))

    async def replace(self, type: ResourceType, manifest: Manifest) -> None:
        await self.client.apply(type, manifest, field_manager="test")

    async def set_endpoints(self, name: str, *ports: int) -> None:
        await self.replace(ENDPOINTS, endpoints(name, *ports))

    async def get(
        self, path: str = "/", host: str = "hello.development.localhost", **options: Any
    ) -> tuple[int, Any]:
        method = options.pop("method", "GET")
        headers = {"Host": f"{host}:{self.port}", **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, headers=headers, **options) as answer:
            if answer.content_type == "application/json":
                return answer.status, await answer.json()
            return answer.status, await answer.text()

    async def until(self, condition: Callable[[int, Any], bool], **request: Any) -> Any:
        """Ask until the answer meets a condition; gives its body."""
        async with asyncio.timeout(30):
            while True:
                try:
                    status, body = await self.get(**request)
                except aiohttp.ClientConnectionError:
                    status, body = 0, ""
                if condition(status, body):
                    return body
                await asyncio.sleep(0.01)

    async def reported(self, name: str, status: str) -> Manifest:
        """Wait for the condition `Reconciled` of a VirtualService."""

        def found(manifest: Manifest) -> Manifest | None:
            condition = condition_of(manifest, "Reconciled")
            return condition if condition and condition["status"] == status else None

        async with asyncio.timeout(30):
            listed = await self.client.list(VIRTUAL_SERVICE, "demo")
            for manifest in listed.items:
                if manifest["metadata"]["name"] == name and (one := found(manifest)):
                    return one
            async for event in self.client.watch(
                VIRTUAL_SERVICE, "demo", resource_version=listed.resource_version
            ):
                if event.object["metadata"]["name"] == name and (one := found(event.object)):
                    return one
        raise AssertionError("the watch ended")

    def engine(self) -> GatewayEngine:
        return GatewayEngine(self.client, data=self.data, port=self.port, environment="development")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def stopped_gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway whose engine does not run."""
    async with aiohttp.ClientSession() as session:
        data = tmp_path / "gateway"
        yield Gateway(MemoryClient(), data, free_port(), session)
        await stop_gateway(data)


@pytest.fixture
async def gateway(stopped_gateway: Gateway) -> AsyncIterator[Gateway]:
    """A running gateway."""
    async with running(stopped_gateway.engine()):
        yield stopped_gateway


@dataclass(frozen=True)
class Objects:
    virtual_service: Callable[..., Manifest] = virtual_service
    service: Callable[..., Manifest] = service
    endpoints: Callable[..., Manifest] = endpoints
    application: Callable[..., contextlib.AbstractAsyncContextManager[int]] = application


@pytest.fixture
def objects() -> Objects:
    """Makers of objects and applications."""
    return Objects()
