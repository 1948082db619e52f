"""ReplicaSet -> Pods."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from idp.embedded.workloads import pod_state
from idp.embedded.workloads.events import EventRecorder
from idp.embedded.workloads.merge_patch import difference
from idp.embedded.workloads.pod_template import pod_from_template
from idp.embedded.workloads.replicasets import decide
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch, owner_of
from idp.kernel.errors import IdpError, NotFound
from idp.kernel.manifest import owner_reference
from idp.kernel.resource import Manifest
from idp.kernel.selectors import selects
from idp.kernel.standard import POD, REPLICA_SET


class ReplicaSetReconciler:
    """Keeps as many pods as a ReplicaSet wants, and says how many can serve."""

    def __init__(self, client: Client, events: EventRecorder, clock: Clock = utc_now) -> None:
        self._client = client
        self._events = events
        self._clock = clock

    def controller(self) -> Controller:
        """The controller that runs this reconciler."""
        watches = [Watch(REPLICA_SET), Watch(POD, owner_of("ReplicaSet"))]
        return Controller("replicasets", self._client, self.reconcile, watches)

    async def reconcile(self, request: Request) -> Result:
        """Create or delete pods, then write the status."""
        replica_set = await get_or_none(self._client, REPLICA_SET, request.name, request.namespace)
        if replica_set is None or replica_set["metadata"].get("deletionTimestamp"):
            return Result()
        pods = await self._claim(replica_set)
        plan = decide.decide(int(replica_set["spec"].get("replicas", 1)), pods)
        for name in plan.delete:
            with contextlib.suppress(NotFound):
                await self._client.delete(POD, name, request.namespace)
        failure = await self._create(replica_set, plan.create)
        if plan != decide.Plan():
            pods = await self._claim(replica_set)
        await self._write_status(replica_set, pods, failure)
        if failure is not None:
            raise failure
        return Result(self._next_look(replica_set, pods))

    async def _claim(self, replica_set: Manifest) -> list[Manifest]:
        """The pods of the set: adopt orphans that match, release pods that no longer do."""
        uid, namespace = replica_set["metadata"]["uid"], replica_set["metadata"]["namespace"]
        selector = replica_set["spec"].get("selector")
        own: list[Manifest] = []
        for pod in (await self._client.list(POD, namespace)).items:
            controller = pod_state.controller_of(pod)
            matches = selects(selector, pod["metadata"].get("labels"))
            if controller is None and matches and pod_state.is_active(pod):
                references = pod["metadata"].get("ownerReferences") or []
                references = [*references, owner_reference(replica_set)]
                own.append(await self._set_owners(pod, references))
            elif controller is not None and controller["uid"] == uid:
                if matches:
                    own.append(pod)
                elif not pod_state.is_terminating(pod):
                    references = pod["metadata"]["ownerReferences"]
                    await self._set_owners(pod, [r for r in references if r["uid"] != uid])
        return own

    async def _set_owners(self, pod: Manifest, references: Sequence[Manifest]) -> Manifest:
        meta = pod["metadata"]
        patch: Manifest = {
            "metadata": {
                "ownerReferences": list(references),
                "resourceVersion": meta["resourceVersion"],
            }
        }
        return await self._client.patch(POD, meta["name"], patch, meta["namespace"])

    async def _create(self, replica_set: Manifest, count: int) -> IdpError | None:
        for _ in range(count):
            pod = pod_from_template(replica_set, replica_set["spec"]["template"])
            try:
                await self._client.create(POD, pod)
            except IdpError as error:
                message = f"Error creating: {error.message}"
                await self._events.record(replica_set, "Warning", "FailedCreate", message)
                return error
        return None

    async def _write_status(
        self, replica_set: Manifest, pods: Sequence[Manifest], failure: IdpError | None
    ) -> None:
        before = replica_set.get("status") or {}
        now = self._clock()
        after = {**before, **decide.status(replica_set, pods, now)}
        after.pop("conditions", None)
        if failure is not None:
            known = (before.get("conditions") or [{}])[0]
            after["conditions"] = [
                {
                    "type": "ReplicaFailure",
                    "status": "True",
                    "reason": "FailedCreate",
                    "message": failure.message,
                    "lastTransitionTime": known.get("lastTransitionTime", timestamp(now)),
                }
            ]
        if patch := difference(before, after):
            meta = replica_set["metadata"]
            await self._client.patch(
                REPLICA_SET,
                meta["name"],
                {"status": patch},
                meta["namespace"],
                subresource="status",
            )

    def _next_look(self, replica_set: Manifest, pods: Sequence[Manifest]) -> float | None:
        """When the next ready pod counts as available, if nothing else happens."""
        wait, now = int(replica_set["spec"].get("minReadySeconds") or 0), self._clock()
        left = [
            wait - (now - since).total_seconds()
            for pod in pods
            if (since := pod_state.ready_since(pod)) is not None
            and not pod_state.is_available(pod, wait, now)
        ]
        return max(min(left), 0.05) if left else None
