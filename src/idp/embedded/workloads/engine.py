"""The workload engine: everything of this package, assembled and running."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from idp.embedded.workloads.deployments.reconcile import DeploymentReconciler
from idp.embedded.workloads.events import EventRecorder
from idp.embedded.workloads.images.ports import ImageSource
from idp.embedded.workloads.jobs.reconcile import JobReconciler
from idp.embedded.workloads.pods import cgroups
from idp.embedded.workloads.pods.folders import ContainerFolder, pod_folders, token
from idp.embedded.workloads.pods.limits import Limits
from idp.embedded.workloads.pods.logs import tend
from idp.embedded.workloads.pods.orphans import remove_orphans
from idp.embedded.workloads.pods.ports import PortAllocator
from idp.embedded.workloads.pods.reconcile import PodReconciler
from idp.embedded.workloads.pods.record import ContainerRecord
from idp.embedded.workloads.pods.runtime import Runtime
from idp.embedded.workloads.pods.sandbox.detect import Features, detect
from idp.embedded.workloads.replicasets.reconcile import ReplicaSetReconciler
from idp.embedded.workloads.services.reconcile import ServiceReconciler
from idp.embedded.workloads.settings import WorkloadSettings
from idp.kernel.client import Client
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Runnable
from idp.kernel.errors import IdpError
from idp.kernel.standard import POD

log = structlog.get_logger(__name__)

_SWEEP_SECONDS = 600.0
_RETRY_SECONDS = 1.0


class WorkloadEngine(Runnable):
    """Runs the workloads of one instance.

    Args:
        client: The instance's API.
        data: Folder of its own. Containers' processes are known by it: two engines must not share
            one.
        images: Where images come from.
        settings: Numbers; None takes the defaults.
        features: What the sandbox can do; None finds out.
        clock: The time.
    """

    def __init__(
        self,
        client: Client,
        *,
        data: Path,
        images: ImageSource,
        settings: WorkloadSettings | None = None,
        features: Features | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._data = data
        self._images = images
        self._settings = settings or WorkloadSettings()
        self._features = features
        self._clock = clock
        self._events = EventRecorder(client, clock)

    async def run(self) -> None:
        """Run until cancelled. The containers' processes go on; the next engine adopts them."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._data.chmod(0o700)  # volumes of Secrets are below
        features = self._features
        if features is None:
            features = await asyncio.to_thread(detect)
        if features.missing:
            log.warning("sandbox is incomplete", level=features.level, missing=features.missing)
        await self._remove_orphans()
        limits = Limits(cgroups.detect(f"idp-{token(self._data)}"))
        runtime = Runtime(
            client=self._client,
            data=self._data,
            images=self._images,
            events=self._events,
            features=features,
            limits=limits,
            ports=PortAllocator(),
            settings=self._settings,
            clock=self._clock,
        )
        async with asyncio.TaskGroup() as group:
            for runnable in (
                DeploymentReconciler(self._client, self._events, self._clock).controller(),
                ReplicaSetReconciler(self._client, self._events, self._clock).controller(),
                JobReconciler(self._client, self._events, self._clock).controller(),
                ServiceReconciler(self._client).controller(),
                PodReconciler(runtime),
            ):
                group.create_task(runnable.run())
            group.create_task(self._keep_house(limits), name="housekeeping")
            group.create_task(self._sweep(), name="sweep")

    async def _remove_orphans(self) -> None:
        """Before anything new is started: what runs for pods that were deleted meanwhile."""
        while True:
            try:
                pods = (await self._client.list(POD)).items
                break
            except IdpError as error:
                log.warning("waiting for the API", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
        uids = {pod["metadata"]["uid"] for pod in pods}
        await asyncio.to_thread(remove_orphans, self._data, uids)

    async def _keep_house(self, limits: Limits) -> None:
        while True:
            await asyncio.sleep(self._settings.housekeeping_seconds)
            limits.look()
            for container, record in self._containers():
                if record.running:
                    tend(container.log(record.attempt), self._settings.log_bytes, time.time())

    async def _sweep(self) -> None:
        """Now and then: images that nobody uses, events that are old."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            with contextlib.suppress(IdpError):
                used = {record.image.rpartition("@")[2] for _, record in self._containers()}
                await self._images.retain(used, self._settings.image_unused_seconds)
                await self._events.remove_old()

    def _containers(self) -> Iterator[tuple[ContainerFolder, ContainerRecord]]:
        for folder in pod_folders(self._data):
            for name in folder.containers():
                container = folder.container(name)
                yield container, ContainerRecord.load(container.record)
