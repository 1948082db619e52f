"""The engine: keeps Envoy alive, and its configuration what the objects say. See README.md."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog

from idp.embedded.gateway.admin import Admin
from idp.embedded.gateway.bootstrap import ACCESS_LOG, bootstrap
from idp.embedded.gateway.files import ConfigurationFiles
from idp.embedded.gateway.logs import cap_logs
from idp.embedded.gateway.process import LOG_FILE, EnvoyProcess, ensure_process
from idp.embedded.gateway.report import report
from idp.embedded.gateway.snapshot import Name, Site, Snapshot, snapshot
from idp.kernel.client import Client
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import IdpError, Invalid, Unavailable
from idp.kernel.resource import Manifest
from idp.kernel.standard import ENDPOINTS, SERVICE, VIRTUAL_SERVICE

log = structlog.get_logger(__name__)

_EVERYTHING = Request("", "gateway")
_START_SECONDS = 20.0
_LONGEST_PAUSE = 1.0
_LOG_CHECK_SECONDS = 30.0


class GatewayEngine:
    """Serves the hosts of all VirtualServices on one port.

    Args:
        client: The instance's API.
        data: Folder of its own, also Envoy's working folder.
        port: Where Envoy listens on the loopback interface.
        environment: Names the Envoy node.
    """

    def __init__(
        self, client: Client, *, data: Path, port: int, environment: str, clock: Clock = utc_now
    ) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._client = client
        self._data = data
        self._port = port
        self._bootstrap = bootstrap(environment=environment, port=port)
        self._clock = clock
        self._admin = Admin(data)
        self._files = ConfigurationFiles(data, self._admin, data / LOG_FILE)
        self._accepted: dict[Name, Site] = {}
        self._rejected: dict[str, IdpError] = {}
        self._ready = asyncio.Event()

        def everything(_manifest: Manifest) -> list[Request]:
            return [_EVERYTHING]

        self._controller = Controller(
            "gateway",
            client,
            self.reconcile,
            [Watch(type, everything) for type in (VIRTUAL_SERVICE, SERVICE, ENDPOINTS)],
            workers=1,
        )

    async def run(self) -> None:
        """Run until cancelled; Envoy goes on (`stop_gateway` ends it).

        Raises:
            MissingPrerequisite: The port is in use by something else.
        """
        self._files.prepare()
        envoy = await ensure_process(self._data, self._bootstrap, self._port)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_alive(envoy))
            group.create_task(self._controller.run())
            group.create_task(self._cap_logs())

    async def _keep_alive(self, envoy: EnvoyProcess) -> None:
        pause = 0.0
        while True:
            if await self._admin.wait_ready(_START_SECONDS):
                pause = 0.0
                self._ready.set()
                # Its files may be of a former time: look at everything again.
                self._controller.queue.add(_EVERYTHING)
                await envoy.wait()
            elif envoy.alive():
                await envoy.stop()
            self._ready.clear()
            log.warning("Envoy ended; starting it again", pid=envoy.pid, pause=pause)
            envoy = await self._restart(pause)
            pause = min(pause + 0.2, _LONGEST_PAUSE)

    async def _restart(self, pause: float) -> EnvoyProcess:
        while True:
            await asyncio.sleep(pause)
            try:
                return await ensure_process(self._data, self._bootstrap, self._port)
            except IdpError as error:
                log.error("Envoy cannot be started", error=str(error), remedy=error.remedy)
                pause = _LONGEST_PAUSE

    async def reconcile(self, _request: Request) -> Result:
        """Bring Envoy's configuration to what all objects say."""
        virtual_services = (await self._client.list(VIRTUAL_SERVICE)).items
        services = (await self._client.list(SERVICE)).items
        endpoints = (await self._client.list(ENDPOINTS)).items
        wanted = snapshot(virtual_services, services, endpoints)
        self._files.write_endpoints(wanted.endpoints)
        await self._ready.wait()
        problems = await self._apply(wanted)
        for manifest in virtual_services:
            await report(self._client, manifest, problems, now=self._clock())
        return Result()

    async def _apply(self, wanted: Snapshot) -> dict[Name, IdpError]:
        """Apply what Envoy takes; gives why the rest is not served."""
        problems = dict(wanted.problems)
        versions = {site.version for site in wanted.sites.values()}
        self._rejected = {v: error for v, error in self._rejected.items() if v in versions}
        sites = {}
        for name, site in wanted.sites.items():
            if known := self._rejected.get(site.version):
                problems[name] = known
            else:
                sites[name] = site
        try:
            await self._files.apply(sites)
        except Invalid:
            problems |= await self._apply_one_by_one(sites)
        else:
            self._accepted = sites
        return problems

    async def _apply_one_by_one(self, sites: Mapping[Name, Site]) -> dict[Name, IdpError]:
        """Find what Envoy rejects: begin with what it has, and add one change at a time."""
        problems: dict[Name, IdpError] = {}
        good = {name: site for name, site in self._accepted.items() if sites.get(name) == site}
        await self._files.apply(good)
        for name, site in sites.items():
            if name in good:
                continue
            try:
                await self._files.apply({**good, name: site})
            except Invalid as error:
                problems[name] = error
                self._rejected[site.version] = error
                log.warning("Envoy rejects a VirtualService", name="/".join(name), error=str(error))
            else:
                good[name] = site
        self._accepted = good
        return problems

    async def _cap_logs(self) -> None:
        while True:
            try:
                await cap_logs(self._data, self._admin, [ACCESS_LOG, LOG_FILE])
            except (OSError, Unavailable) as error:
                log.warning("logs could not be turned over", error=str(error))
            await asyncio.sleep(_LOG_CHECK_SECONDS)
