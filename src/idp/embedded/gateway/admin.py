"""Envoy's admin interface, over its socket file."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson

from idp.embedded.gateway.bootstrap import ADMIN_SOCKET, ROUTE_CONFIGURATION
from idp.kernel.errors import Unavailable

_CLUSTERS = "cluster_manager.cds"
_ROUTES = f"http.ingress.rds.{ROUTE_CONFIGURATION}"


@dataclass(frozen=True, slots=True)
class Applied:
    """How far Envoy is with one kind of file.

    Attributes:
        version: Version that it works with; empty while it has none.
        rejected: How many versions it has refused since it started.
    """

    version: str
    rejected: int


class Admin:
    """Questions to the Envoy of a folder. All raise `Unavailable` when it does not answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def _request(self, method: str, path: str) -> bytes:
        # The name of a socket must be short and the folder's may be long: go by a descriptor.
        folder = os.open(self._folder, os.O_PATH | os.O_DIRECTORY)
        try:
            connector = aiohttp.UnixConnector(f"/proc/self/fd/{folder}/{ADMIN_SOCKET}")
            timeout = aiohttp.ClientTimeout(total=5)
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.request(method, f"http://envoy{path}") as answer,
            ):
                answer.raise_for_status()
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"Envoy's admin interface does not answer: {error}") from error
        finally:
            os.close(folder)

    async def clusters(self) -> Applied:
        """How far Envoy is with the file of clusters."""
        return await self._applied(_CLUSTERS)

    async def routes(self) -> Applied:
        """How far Envoy is with the file of routes."""
        return await self._applied(_ROUTES)

    async def _applied(self, prefix: str) -> Applied:
        path = f"/stats?filter=^{prefix}.(version_text|update_rejected)$&format=json"
        body = orjson.loads(await self._request("GET", path))
        found = {stat["name"]: stat["value"] for stat in body["stats"] if "name" in stat}
        return Applied(
            str(found.get(f"{prefix}.version_text", "")),
            int(found.get(f"{prefix}.update_rejected", 0)),
        )

    async def active_clusters(self) -> set[str]:
        """Names of the clusters that can be routed to."""
        path = "/config_dump?resource=dynamic_active_clusters&mask=cluster.name"
        body = orjson.loads(await self._request("GET", path))
        return {entry["cluster"]["name"] for entry in body.get("configs", [])}

    async def ready(self) -> bool:
        """Whether Envoy serves."""
        try:
            return (await self._request("GET", "/ready")).startswith(b"LIVE")
        except Unavailable:
            return False

    async def wait_ready(self, seconds: float) -> bool:
        """Wait until Envoy serves; False when it does not in time."""
        try:
            async with asyncio.timeout(seconds):
                while not await self.ready():  # noqa: ASYNC110 - Envoy offers nothing to wait on
                    await asyncio.sleep(0.02)
        except TimeoutError:
            return False
        return True

    async def reopen_logs(self) -> None:
        """Let Envoy open its log files anew, after they were renamed."""
        await self._request("POST", "/reopen_logs")
