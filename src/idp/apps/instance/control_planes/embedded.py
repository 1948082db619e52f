"""The platform's own API server, in the instance's process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from idp.apps.instance.control_planes.ports import ADMINISTRATOR, CONTROLLER_USER, Place
from idp.apps.instance.groups import HUB, HUB_GROUP
from idp.apps.instance.people import PeopleLog
from idp.apps.platform.layout import InstanceLayout
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.embedded.workloads.pods.logs import PodLogs
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel.client import Client
from idp.kernel.controller import Runnable


class Embedded:
    """An API server that runs."""

    def __init__(self, api: ApiServer, folders: InstanceLayout) -> None:
        self._api = api
        self._folders = folders
        self.client: Client = api.client(CONTROLLER_USER, (ADMINISTRATOR,))
        self.parts: Mapping[str, Runnable] = {}
        self.workloads = WorkloadSettings()

    async def publish(self) -> None:
        """Write the kubeconfigs."""
        self._api.kubeconfig("admin", (ADMINISTRATOR,), path=self._folders.kubeconfig)
        self._api.kubeconfig(HUB, (HUB_GROUP,), path=self._folders.hub_kubeconfig)


@asynccontextmanager
async def open_embedded(place: Place) -> AsyncIterator[Embedded]:
    """Serve until the context is left."""
    settings = ApiServerSettings(data=place.folders.apiserver, port=place.port, oidc=place.oidc)
    api = ApiServer(settings, audit=PeopleLog(place.audit), pod_logs=PodLogs(place.pod_folder))
    async with api:
        yield Embedded(api, place.folders)
