"""Service -> Endpoints."""

from __future__ import annotations

import contextlib

from idp.embedded.workloads.services.render import endpoints
from idp.kernel.client import Client, get_or_none
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import ENDPOINTS, POD, SERVICE


def _all_services(pod: Manifest) -> list[Request]:
    """A pod may belong to any Service of its namespace; the empty name stands for all of them."""
    return [Request(pod["metadata"]["namespace"], "")]


class ServiceReconciler:
    """Keeps Endpoints equal to what `render.endpoints` says. Services without selector are left
    to whoever wrote their Endpoints."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def controller(self) -> Controller:
        """The controller that runs this reconciler."""
        watches = [Watch(SERVICE), Watch(POD, _all_services), Watch(ENDPOINTS)]
        return Controller("services", self._client, self.reconcile, watches)

    async def reconcile(self, request: Request) -> Result:
        """Write the Endpoints of one Service, or of all in a namespace."""
        if request.name:
            service = await get_or_none(self._client, SERVICE, request.name, request.namespace)
            services = [service] if service is not None else []
            if service is None:
                await self._remove_own(request)
        else:
            services = (await self._client.list(SERVICE, request.namespace)).items
        if services:
            pods = (await self._client.list(POD, request.namespace)).items
            for service in services:
                if service["spec"].get("selector"):
                    await self._write(endpoints(service, pods))
        return Result()

    async def _write(self, wanted: Manifest) -> None:
        meta = wanted["metadata"]
        live = await get_or_none(self._client, ENDPOINTS, meta["name"], meta["namespace"])
        if live is None:
            await self._client.create(ENDPOINTS, wanted)
        elif (live.get("subsets") or []) != wanted["subsets"]:
            patch: Manifest = {"subsets": wanted["subsets"]}
            await self._client.patch(ENDPOINTS, meta["name"], patch, meta["namespace"])

    async def _remove_own(self, request: Request) -> None:
        live = await get_or_none(self._client, ENDPOINTS, request.name, request.namespace)
        owners = live["metadata"].get("ownerReferences", []) if live else []
        if any(owner["kind"] == "Service" for owner in owners):
            with contextlib.suppress(NotFound):
                await self._client.delete(ENDPOINTS, request.name, request.namespace)
