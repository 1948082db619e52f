"""The life of one pod on this machine, from its first sight to its last process.

1. Refuse what cannot be done; give it a port.
2. Init containers one after the other, then all containers side by side. What runs already from a
   former life of the engine is adopted.
3. When its deletion is asked for: wait until no Endpoints names it and a moment more, so that no
   request is lost; preStop, SIGTERM, SIGKILL; remove its folder; let go of the object.

Every step looks at what is the case before it acts. An engine that is killed anywhere in between
starts again at step 1 and comes to the same end.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil

import structlog

from idp.embedded.workloads import pod_state
from idp.embedded.workloads.merge_patch import difference
from idp.embedded.workloads.pods import sources, validation
from idp.embedded.workloads.pods.container import Container
from idp.embedded.workloads.pods.folders import PodFolder
from idp.embedded.workloads.pods.preparation import PodPreparation
from idp.embedded.workloads.pods.runtime import Runtime
from idp.embedded.workloads.pods.status import ContainerView, Failure, pod_status
from idp.kernel.client import get_or_none
from idp.kernel.clock import parse_timestamp
from idp.kernel.errors import Conflict, IdpError, NotFound
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import ENDPOINTS, POD

log = structlog.get_logger(__name__)

BINDING = ResourceType("", "v1", "Binding", "bindings")
"""Is created only, never stored: it says which node a pod is on."""

_ENDPOINTS_SECONDS = 10.0
_ENDPOINTS_PERIOD = 0.1
_RETRY_SECONDS = 1.0


class PodSupervisor:
    """Runs one Pod."""

    def __init__(self, runtime: Runtime, pod: Manifest) -> None:
        self.uid: str = pod["metadata"]["uid"]
        self.sources = sources.names(pod["spec"])
        self._runtime = runtime
        self._pod = pod
        self._stored_status: Manifest = pod.get("status") or {}
        self._folder = PodFolder.of(runtime.data, pod)
        self._preparation = PodPreparation(runtime, lambda: self._pod, self._folder)
        self._failure: Failure | None = None
        self._changed = asyncio.Event()
        self._deleted = asyncio.Event()
        self._vanished = False
        spec = pod["spec"]
        self._init = [self._container(c, init=True) for c in spec.get("initContainers") or []]
        self._main = [self._container(c) for c in spec["containers"]]

    def _container(self, spec: Manifest, *, init: bool = False) -> Container:
        return Container(
            self._runtime,
            lambda: self._pod,
            spec,
            self._folder,
            self._preparation,
            self._changed.set,
            init=init,
        )

    def observe(self, pod: Manifest) -> None:
        """Take note of the Pod as it is now."""
        self._pod = pod
        if pod_state.is_terminating(pod):
            self._deleted.set()

    def vanish(self) -> None:
        """The object is gone without the engine's consent: nothing is left to write to."""
        self._vanished = True
        self._deleted.set()

    async def refresh_volumes(self) -> None:
        """A ConfigMap or Secret changed."""
        if self._folder.path.exists() and not self._deleted.is_set():
            await self._preparation.write_volumes()

    async def run(self) -> None:
        """The whole life. Cancelling it leaves the processes alone."""
        self.observe(self._pod)
        publishing = asyncio.create_task(self._publish_changes())
        living = asyncio.create_task(self._live())
        try:
            waiting = asyncio.create_task(self._deleted.wait())
            done, _ = await asyncio.wait((waiting, living), return_when=asyncio.FIRST_COMPLETED)
            if living in done:
                await living
                await waiting
        finally:
            for task in (living, waiting, publishing):
                task.cancel()
            await asyncio.gather(living, waiting, publishing, return_exceptions=True)
        await self._end()

    async def _live(self) -> None:
        if self._deleted.is_set():
            return
        if pod_state.is_finished(self._pod):
            await self._stay_finished()
            return
        self._failure = validation.check(self._pod)
        self._changed.set()
        if self._failure is not None:
            failure = self._failure
            await self._runtime.events.record(self._pod, "Warning", failure.reason, failure.message)
            return
        await self._claim()
        if self._runtime.features.missing:
            message = "; ".join(self._runtime.features.missing)
            await self._runtime.events.record(
                self._pod, "Warning", "SandboxUnavailable", f"processes run without: {message}"
            )
        try:
            async with asyncio.timeout(self._seconds_left()):
                await self._run_containers()
        except TimeoutError:
            message = "Pod was active on the node longer than the specified deadline"
            self._failure = Failure("DeadlineExceeded", message, final=True)
            self._changed.set()
            await self._terminate()

    async def _stay_finished(self) -> None:
        """A finished pod runs nothing; an engine that was killed while ending it left something."""
        if reason := self._stored_status.get("reason"):
            message = self._stored_status.get("message", "")
            self._failure = Failure(reason, message, final=True)
        self._adopt()
        await self._terminate()

    def _adopt(self) -> None:
        for container in (*self._init, *self._main):
            if container.process is None:
                container.adopt()

    async def _run_containers(self) -> None:
        for container in self._init:
            ended = await container.run()
            if ended.exit_code:
                return
        async with asyncio.TaskGroup() as group:
            for container in self._main:
                group.create_task(container.run(), name=f"container/{container.name}")

    def _seconds_left(self) -> float | None:
        limit = self._pod["spec"].get("activeDeadlineSeconds")
        if limit is None:
            return None
        started = self._stored_status.get("startTime")
        now = self._runtime.clock()
        lived = (now - parse_timestamp(started)).total_seconds() if started else 0.0
        return max(float(limit) - lived, 0.0)

    async def _claim(self) -> None:
        """Hold the object until the processes are gone, and note the pod's port."""
        meta = self._pod["metadata"]
        change: Manifest = {}
        finalizers = meta.get("finalizers") or []
        if pod_state.FINALIZER not in finalizers:
            change["finalizers"] = [*finalizers, pod_state.FINALIZER]
        port = pod_state.allocated_port(self._pod)
        if port is not None:
            self._runtime.ports.keep(port)
        elif pod_state.first_container_port(self._pod["spec"]) is not None:
            port = self._runtime.ports.allocate()
            change["annotations"] = {pod_state.PORT_ANNOTATION: str(port)}
        if change:
            change["resourceVersion"] = meta["resourceVersion"]
            pod = await self._runtime.client.patch(
                POD, meta["name"], {"metadata": change}, meta["namespace"]
            )
            self.observe(pod)
        if self._runtime.settings.bind and not self._pod["spec"].get("nodeName"):
            await self._bind()

    async def _bind(self) -> None:
        """Tell the API which node the pod is on; a pod never changes its node."""
        meta = self._pod["metadata"]
        binding = {
            "metadata": {"name": meta["name"], "namespace": meta["namespace"], "uid": self.uid},
            "target": {"kind": "Node", "name": self._runtime.settings.node},
        }
        with contextlib.suppress(Conflict):  # it is bound already, or about to go
            await self._runtime.client.create(BINDING, binding)

    async def _publish_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._publish()
            except NotFound:
                return
            except IdpError as error:
                log.warning("pod status not written; trying again", error=str(error))
                self._changed.set()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _publish(self) -> None:
        """Write the status, as the difference to what this supervisor wrote last."""
        meta = self._pod["metadata"]
        pod = {**self._pod, "status": self._stored_status}
        wanted = pod_status(
            pod,
            [self._view(container) for container in (*self._init, *self._main)],
            failure=self._failure,
            sandbox_missing=self._runtime.features.missing,
            now=self._runtime.clock(),
        )
        if patch := difference(self._stored_status, wanted):
            await self._runtime.client.patch(
                POD, meta["name"], {"status": patch}, meta["namespace"], subresource="status"
            )
            self._stored_status = wanted

    def _view(self, container: Container) -> ContainerView:
        return ContainerView(
            name=container.name,
            image=container.spec["image"],
            record=container.record,
            waiting=(container.waiting.reason, container.waiting.message),
            trouble=container.trouble,
            policy=self._pod["spec"].get("restartPolicy") or "Always",
            init=container.init,
        )

    async def _end(self) -> None:
        """Out of the endpoints, end the processes, remove all traces, let go of the object."""
        self._adopt()
        every = (*self._init, *self._main)
        if not self._vanished and any(c.record.ready for c in every if c.process is not None):
            await self._leave_endpoints()
            await asyncio.sleep(self._runtime.settings.drain_seconds)
        await self._terminate()
        if not self._vanished:
            with contextlib.suppress(NotFound):
                await self._publish()
        await asyncio.to_thread(shutil.rmtree, self._folder.path, ignore_errors=True)
        await self._let_go()
        if (port := pod_state.allocated_port(self._pod)) is not None:
            self._runtime.ports.release(port)

    async def _terminate(self) -> None:
        grace = 0.0 if self._vanished else self._grace()
        await asyncio.gather(*(c.terminate(grace) for c in (*self._init, *self._main)))

    def _grace(self) -> float:
        spec = self._pod["spec"]
        own = spec.get("terminationGracePeriodSeconds", 30)
        # The API counts the grace of pods on nodes only; of others it always says 0.
        stated = self._pod["metadata"].get("deletionGracePeriodSeconds", own)
        return float(stated if spec.get("nodeName") else own)

    async def _leave_endpoints(self) -> None:
        """Wait until no Endpoints names the pod; not for ever, the engine may be shutting down."""
        namespace = self._pod["metadata"]["namespace"]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDPOINTS_SECONDS):
                while await self._in_endpoints(namespace):  # noqa: ASYNC110
                    await asyncio.sleep(_ENDPOINTS_PERIOD)

    async def _in_endpoints(self, namespace: str) -> bool:
        try:
            listed = await self._runtime.client.list(ENDPOINTS, namespace)
        except IdpError:
            return True
        return any(
            (address.get("targetRef") or {}).get("uid") == self.uid
            for endpoints in listed.items
            for subset in endpoints.get("subsets") or []
            for address in subset.get("addresses") or []
        )

    async def _let_go(self) -> None:
        """Remove the finalizer; the API then removes the object.

        It keeps a pod that is bound to a node until it hears that no time is needed any more.
        """
        meta = self._pod["metadata"]
        while True:
            pod = await get_or_none(self._runtime.client, POD, meta["name"], meta["namespace"])
            if pod is None or pod["metadata"]["uid"] != self.uid:
                return
            finalizers = pod["metadata"].get("finalizers") or []
            if pod_state.FINALIZER not in finalizers:
                break
            change = {
                "finalizers": [f for f in finalizers if f != pod_state.FINALIZER],
                "resourceVersion": pod["metadata"]["resourceVersion"],
            }
            with contextlib.suppress(Conflict, NotFound):
                await self._runtime.client.patch(
                    POD, meta["name"], {"metadata": change}, meta["namespace"]
                )
        if pod_state.is_terminating(pod) and pod["spec"].get("nodeName"):
            with contextlib.suppress(Conflict, NotFound):
                await self._runtime.client.delete(
                    POD, meta["name"], meta["namespace"], uid=self.uid, grace_seconds=0
                )
