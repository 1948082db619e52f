"""Deployment -> ReplicaSets. Gather, decide, act, write the status.

Order of one pass: find the ReplicaSets, make the one of the present template if it is missing,
take one step of the update, delete revisions beyond the history limit, write the status. Killed
between any two, the next pass finds the same or a later state and goes on.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

from idp.embedded.workloads import pod_state
from idp.embedded.workloads.deployments import decide, status
from idp.embedded.workloads.events import EventRecorder
from idp.embedded.workloads.merge_patch import difference
from idp.embedded.workloads.pod_template import TEMPLATE_HASH, same_template, template_hash
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch, owner_of
from idp.kernel.errors import AlreadyExists, NotFound
from idp.kernel.manifest import owner_reference
from idp.kernel.resource import Manifest
from idp.kernel.standard import DEPLOYMENT, POD, REPLICA_SET

_RECREATE_PERIOD = 1.0
"""Seconds between two looks at whether the old pods are gone: their end changes no ReplicaSet."""

REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True)
class Sets:
    """The ReplicaSets of a Deployment: the one of its template, and the others, oldest first."""

    new: Manifest | None
    old: tuple[Manifest, ...]

    @property
    def every(self) -> tuple[Manifest, ...]:
        """All of them."""
        return (*self.old, self.new) if self.new else self.old


class DeploymentReconciler:
    """Moves a Deployment from one pod template to the next without losing its capacity."""

    def __init__(self, client: Client, events: EventRecorder, clock: Clock = utc_now) -> None:
        self._client = client
        self._events = events
        self._clock = clock

    def controller(self) -> Controller:
        """The controller that runs this reconciler."""
        watches = [Watch(DEPLOYMENT), Watch(REPLICA_SET, owner_of("Deployment"))]
        return Controller("deployments", self._client, self.reconcile, watches)

    async def reconcile(self, request: Request) -> Result:
        """Take one step."""
        deployment = await get_or_none(self._client, DEPLOYMENT, request.name, request.namespace)
        if deployment is None or deployment["metadata"].get("deletionTimestamp"):
            return Result()
        sets = await self._sets(deployment)
        collisions = int((deployment.get("status") or {}).get("collisionCount", 0))
        paused = bool(deployment["spec"].get("paused"))
        if sets.new is None and not paused:
            created, collisions = await self._create_new(deployment, sets.old, collisions)
            sets = replace(sets, new=created)
        if sets.new is not None and not paused:
            await self._bring_up_to_date(deployment, sets.new, sets.old)
        desired = int(deployment["spec"].get("replicas", 1))
        strategy = decide.strategy_of(deployment["spec"], desired)
        old = await self._old(sets.old, strategy)
        if sets.new is None or paused:
            steps = decide.resize(desired, [_replicas(r) for r in sets.every])
        else:
            steps = decide.decide(desired, _replicas(sets.new), old, strategy)
        for name, count in steps.items():
            await self._scale(deployment, sets, name, count)
        limit = int(deployment["spec"].get("revisionHistoryLimit", 10))
        for name in decide.superfluous(old, limit):
            with contextlib.suppress(NotFound):
                await self._client.delete(REPLICA_SET, name, request.namespace)
        deadline = await self._write_status(
            status.Observed(deployment, sets.new, sets.old, strategy.max_unavailable, collisions)
        )
        waits_for_old = strategy.recreate and any(r.existing for r in old)
        return Result(_RECREATE_PERIOD if waits_for_old else deadline)

    async def _old(
        self, sets: Sequence[Manifest], strategy: decide.Strategy
    ) -> list[decide.Replicas]:
        """The old ReplicaSets as the decision sees them.

        Recreate waits until the last process of the old pods is gone, so for it terminating pods
        exist too.
        """
        replicas = [_replicas(r) for r in sets]
        if not (strategy.recreate and sets):
            return replicas
        names = {r["metadata"]["uid"]: r["metadata"]["name"] for r in sets}
        existing = dict.fromkeys(names.values(), 0)
        for pod in (await self._client.list(POD, sets[0]["metadata"]["namespace"])).items:
            owner = pod_state.controller_of(pod)
            if owner is not None and owner["uid"] in names and not pod_state.is_finished(pod):
                existing[names[owner["uid"]]] += 1
        return [replace(r, existing=existing[r.name]) for r in replicas]

    async def _sets(self, deployment: Manifest) -> Sets:
        uid, namespace = deployment["metadata"]["uid"], deployment["metadata"]["namespace"]
        own = [
            replica_set
            for replica_set in (await self._client.list(REPLICA_SET, namespace)).items
            if (owner := pod_state.controller_of(replica_set)) is not None and owner["uid"] == uid
        ]
        own.sort(key=lambda r: (_revision(r), r["metadata"]["name"]))
        template = deployment["spec"]["template"]
        matching = [r for r in own if same_template(r["spec"]["template"], template)]
        new = matching[0] if matching else None
        return Sets(new, tuple(r for r in own if r is not new))

    async def _create_new(
        self, deployment: Manifest, old: Sequence[Manifest], collisions: int
    ) -> tuple[Manifest, int]:
        """Create the ReplicaSet of the present template, empty; deciding comes after."""
        while True:
            wanted = _new_replica_set(deployment, collisions, _next_revision(old))
            try:
                return await self._client.create(REPLICA_SET, wanted), collisions
            except AlreadyExists:
                collisions += 1  # another template has the same hash, or the name is a stranger's

    async def _bring_up_to_date(
        self, deployment: Manifest, new: Manifest, old: Sequence[Manifest]
    ) -> None:
        """What the new ReplicaSet takes from the Deployment besides its template.

        The present template has the highest revision, also when it is an old one again.
        """
        revision = max(_next_revision(old), _revision(new)) if old else max(_revision(new), 1)
        note: Manifest = {"metadata": {"annotations": {REVISION: str(revision)}}}
        wait = int(deployment["spec"].get("minReadySeconds") or 0)
        if _revision(new) != revision or int(new["spec"].get("minReadySeconds") or 0) != wait:
            change = {**note, "spec": {"minReadySeconds": wait}}
            meta = new["metadata"]
            await self._client.patch(REPLICA_SET, meta["name"], change, meta["namespace"])
        if _revision(deployment) != revision:
            meta = deployment["metadata"]
            await self._client.patch(DEPLOYMENT, meta["name"], note, meta["namespace"])

    async def _scale(self, deployment: Manifest, sets: Sets, name: str, count: int) -> None:
        replica_set = next(r for r in sets.every if r["metadata"]["name"] == name)
        before = int(replica_set["spec"].get("replicas", 0))
        spec: Manifest = {"spec": {"replicas": count}}
        await self._client.patch(REPLICA_SET, name, spec, deployment["metadata"]["namespace"])
        replica_set["spec"]["replicas"] = count
        direction = "up" if count > before else "down"
        message = f"Scaled {direction} replica set {name} from {before} to {count}"
        await self._events.record(deployment, "Normal", "ScalingReplicaSet", message)

    async def _write_status(self, observed: status.Observed) -> float | None:
        deployment = observed.deployment
        now = self._clock()
        before, after = deployment.get("status") or {}, status.status(observed, now)
        if patch := difference(before, after):
            meta = deployment["metadata"]
            await self._client.patch(
                DEPLOYMENT, meta["name"], {"status": patch}, meta["namespace"], subresource="status"
            )
        return status.seconds_to_deadline(deployment, after, now)


def _revision(manifest: Manifest) -> int:
    text = (manifest["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def _next_revision(old: Sequence[Manifest]) -> int:
    return max((_revision(r) for r in old), default=0) + 1


def _replicas(replica_set: Manifest) -> decide.Replicas:
    status = replica_set.get("status") or {}
    return decide.Replicas(
        replica_set["metadata"]["name"],
        wanted=int(replica_set["spec"].get("replicas", 0)),
        available=int(status.get("availableReplicas", 0)),
        existing=int(status.get("replicas", 0)),
    )


def _new_replica_set(deployment: Manifest, collisions: int, revision: int) -> Manifest:
    meta, spec = deployment["metadata"], deployment["spec"]
    hash = template_hash(spec["template"], collisions)
    template = copy.deepcopy(spec["template"])
    labels = {**((template.get("metadata") or {}).get("labels") or {}), TEMPLATE_HASH: hash}
    template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
    selector = copy.deepcopy(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), TEMPLATE_HASH: hash}
    return {
        "metadata": {
            "name": f"{meta['name']}-{hash}",
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": int(spec.get("minReadySeconds") or 0),
            "selector": selector,
            "template": template,
        },
    }
