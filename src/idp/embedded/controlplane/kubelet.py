"""What a kube-apiserver wants of a kubelet: a Node, and the logs of its pods.

`kubectl logs` asks the API server, which decides whether that is allowed and asks the kubelet of
the pod's node. Here the node is this machine: a Node object says where to ask, and this server
answers from the files of the workload engine. It answers nobody but the API server.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any, Protocol

from aiohttp import web

from idp.kernel.client import Client
from idp.kernel.controller import Runnable
from idp.kernel.errors import IdpError, InvalidInput
from idp.kernel.resource import Manifest, ResourceType

NODE = ResourceType("", "v1", "Node", "nodes", namespaced=False)
FIELD_MANAGER = "idp-kubelet"
API_SERVER = "kube-apiserver-kubelet-client"
"""Common name of the certificate with which the API server asks."""
_STOP_SECONDS = 1.0


class PodLogSource(Protocol):
    """Where logs come from."""

    def read(
        self,
        namespace: str,
        pod: str,
        container: str | None = None,
        *,
        follow: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        timestamps: bool = False,
        previous: bool = False,
    ) -> AsyncIterator[bytes]:
        """The log of a container, in chunks."""
        ...


class Kubelet(Runnable):
    """Registers the node and serves logs, on a free loopback port.

    Args:
        client: With all rights.
        node: Name of the Node.
        logs: Where logs come from.
        tls: Of the server; must demand client certificates of the instance's authority.
    """

    def __init__(
        self, client: Client, *, node: str, logs: PodLogSource, tls: ssl.SSLContext
    ) -> None:
        self._client = client
        self._node = node
        self._logs = logs
        self._tls = tls

    async def run(self) -> None:
        """Run until cancelled."""
        application = web.Application()
        application.router.add_get(
            "/containerLogs/{namespace}/{pod}/{container}", self._answer, allow_head=False
        )
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls)
            await site.start()
            await self._register(runner.addresses[0][1])
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _register(self, port: int) -> None:
        await self._client.apply(NODE, node(self._node), field_manager=FIELD_MANAGER)
        status = {"status": node_status(port)}
        await self._client.patch(NODE, self._node, status, subresource="status")

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if _common_name(request) != API_SERVER:
            return web.Response(status=403, text="only the API server may ask")
        try:
            query = request.query
            chunks = self._logs.read(
                request.match_info["namespace"],
                request.match_info["pod"],
                request.match_info["container"],
                follow=query.get("follow") == "true",
                tail_lines=_number(query.get("tailLines")),
                since_seconds=_number(query.get("sinceSeconds")),
                timestamps=query.get("timestamps") == "true",
                previous=query.get("previous") == "true",
            )
            return await _stream(request, chunks, _number(query.get("limitBytes")))
        except IdpError as error:
            remedy = f" {error.remedy}" if error.remedy else ""
            return web.Response(status=error.status, text=f"{error.message}.{remedy}")


def node(name: str) -> Manifest:
    """The Node of this machine. Nothing is scheduled to it by others. Pure."""
    return {
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
        },
        "spec": {
            "unschedulable": True,
            "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}],
        },
    }


def node_status(port: int) -> Manifest:
    """Where the API server finds this server. Pure."""
    return {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": [{"type": "Ready", "status": "True", "reason": "IdpInstance"}],
    }


def _common_name(request: web.Request) -> str:
    transport = request.transport
    certificate: Any = transport.get_extra_info("peercert") if transport is not None else None
    for attributes in (certificate or {}).get("subject", ()):
        for key, value in attributes:
            if key == "commonName":
                return str(value)
    return ""


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a whole number") from None


async def _stream(
    request: web.Request, chunks: AsyncIterator[bytes], limit: int | None
) -> web.StreamResponse:
    """Send chunks as they come. What fails before the first one is answered as an error."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    first = await anext(chunks, b"")
    await response.prepare(request)
    left = limit
    try:
        while first:
            await response.write(first if left is None else first[:left])
            left = None if left is None else left - len(first)
            if left is not None and left <= 0:
                break
            first = await anext(chunks, b"")
        await response.write_eof()
    except ConnectionError:
        pass  # the client has gone
    return response
