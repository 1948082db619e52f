"""Job -> Pods."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from idp.embedded.workloads import pod_state
from idp.embedded.workloads.events import EventRecorder, EventType
from idp.embedded.workloads.jobs import decide
from idp.embedded.workloads.merge_patch import difference
from idp.embedded.workloads.pod_template import pod_from_template
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch, owner_of
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import JOB, POD


class JobReconciler:
    """Runs the pods of a Job until it is complete or has failed."""

    def __init__(self, client: Client, events: EventRecorder, clock: Clock = utc_now) -> None:
        self._client = client
        self._events = events
        self._clock = clock

    def controller(self) -> Controller:
        """The controller that runs this reconciler."""
        watches = [Watch(JOB), Watch(POD, owner_of("Job"))]
        return Controller("jobs", self._client, self.reconcile, watches)

    async def reconcile(self, request: Request) -> Result:
        """Take one step, then write the status."""
        job = await get_or_none(self._client, JOB, request.name, request.namespace)
        if job is None or job["metadata"].get("deletionTimestamp"):
            return Result()
        pods = await self._pods(job)
        plan = decide.decide(job, pods, self._clock())
        if plan.remove:
            with contextlib.suppress(NotFound):
                await self._client.delete(JOB, request.name, request.namespace)
            return Result()
        for name in plan.delete:
            with contextlib.suppress(NotFound):
                await self._client.delete(POD, name, request.namespace)
        for _ in range(plan.create):
            pod = pod_from_template(job, job["spec"]["template"], labels=_labels(job))
            await self._client.create(POD, pod)
        if plan.finish is not None:
            finish = plan.finish
            weight: EventType = "Normal" if finish.type == "Complete" else "Warning"
            await self._events.record(job, weight, finish.reason, finish.message)
        if plan.create or plan.delete:
            pods = await self._pods(job)
        await self._write_status(job, pods, plan.finish)
        return Result(plan.look_again)

    async def _pods(self, job: Manifest) -> list[Manifest]:
        meta = job["metadata"]
        return [
            pod
            for pod in (await self._client.list(POD, meta["namespace"])).items
            if (owner := pod_state.controller_of(pod)) is not None and owner["uid"] == meta["uid"]
        ]

    async def _write_status(
        self, job: Manifest, pods: Sequence[Manifest], finish: decide.Finish | None
    ) -> None:
        before, now = job.get("status") or {}, timestamp(self._clock())
        counts = decide.count(job, pods)
        after: Manifest = {
            **before,
            "active": counts.active,
            "ready": counts.ready,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
        }
        if not job["spec"].get("suspend"):
            after.setdefault("startTime", now)
        if finish is not None:
            after["conditions"] = [
                *(before.get("conditions") or []),
                {
                    "type": finish.type,
                    "status": "True",
                    "reason": finish.reason,
                    "message": finish.message,
                    "lastProbeTime": now,
                    "lastTransitionTime": now,
                },
            ]
            if finish.type == "Complete":
                after["completionTime"] = now
        if patch := difference(before, after):
            meta = job["metadata"]
            await self._client.patch(
                JOB, meta["name"], {"status": patch}, meta["namespace"], subresource="status"
            )


def _labels(job: Manifest) -> dict[str, str]:
    meta = job["metadata"]
    return {
        "batch.kubernetes.io/job-name": meta["name"][:63],
        "batch.kubernetes.io/controller-uid": meta["uid"],
        "job-name": meta["name"][:63],
    }
