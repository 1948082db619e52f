"""Pod -> supervisor: one running `PodSupervisor` for every Pod, and none for what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from idp.embedded.workloads.pods.runtime import Runtime
from idp.embedded.workloads.pods.supervisor import PodSupervisor
from idp.kernel.client import get_or_none
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, POD, SECRET

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0


class PodReconciler:
    """Keeps the supervisors in step with the Pods. Runnable: the supervisors live inside `run`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._supervisors: dict[Request, PodSupervisor] = {}
        self._stale: set[Request] = set()
        watches = [
            Watch(POD),
            Watch(CONFIG_MAP, self._users_of("ConfigMap")),
            Watch(SECRET, self._users_of("Secret")),
        ]
        self._controller = Controller("pods", runtime.client, self.reconcile, watches)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Run until cancelled; processes go on."""
        try:
            await self._controller.run()
        finally:  # no reconciliation is under way any more that could start another one
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _users_of(self, kind: str) -> Callable[[Manifest], list[Request]]:
        """Pods that refer to a ConfigMap or Secret; their volumes are then out of date."""

        def users(manifest: Manifest) -> list[Request]:
            meta = manifest["metadata"]
            found = [
                request
                for request, supervisor in self._supervisors.items()
                if request.namespace == meta["namespace"]
                and (kind, meta["name"]) in supervisor.sources
            ]
            self._stale.update(found)
            return found

        return users

    async def reconcile(self, request: Request) -> Result:
        """Tell the supervisor of a Pod what is new, or start one."""
        pod = await get_or_none(self._runtime.client, POD, request.name, request.namespace)
        supervisor = self._supervisors.get(request)
        if supervisor is not None:
            if pod is None or pod["metadata"]["uid"] != supervisor.uid:
                supervisor.vanish()
                return Result(_RETRY_SECONDS if pod is not None else None)
            supervisor.observe(pod)
            if request in self._stale:
                await supervisor.refresh_volumes()
                self._stale.discard(request)
        elif pod is not None:
            self._start(request, pod)
        return Result()

    def _start(self, request: Request, pod: Manifest) -> None:
        supervisor = PodSupervisor(self._runtime, pod)
        self._supervisors[request] = supervisor
        name = f"pod/{request.namespace}/{request.name}"
        task = asyncio.create_task(self._supervise(request, supervisor), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _supervise(self, request: Request, supervisor: PodSupervisor) -> None:
        try:
            await supervisor.run()
        except (Exception, ExceptionGroup) as error:  # one pod's bug must not stop the others
            log.warning(
                "pod supervision failed; starting it again",
                namespace=request.namespace,
                pod=request.name,
                error=f"{type(error).__name__}: {error}",
                exc_info=not isinstance(error, IdpError),
            )
            self._controller.queue.add_after(request, _RETRY_SECONDS)
        finally:
            del self._supervisors[request]
