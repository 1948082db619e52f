"""Runs Workflow objects: read, decide, write the status, act.

Everything is in the object, so there is nothing to restore: after a kill the first list brings all
workflows, and each goes on from its nodes. The status is written with optimistic concurrency, as a
patch against the version that was read, so that a person who resumes a node is never overwritten.

Who acts: pods are created by the engine, as Argo's controller does it. What a resource template
asks for is done as the workflow's service account (`spec.serviceAccountName`, else `default`), by
impersonation. So a Workflow gives nobody more rights than its service account has.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import structlog

from idp.embedded.workflows.decide import ENDED, Action, Decision, Observed, decide
from idp.embedded.workflows.kinds import KindCatalog
from idp.embedded.workflows.nodes import is_done
from idp.embedded.workflows.objects import WORKFLOW_LABEL
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, Conflict, IdpError, NotFound
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import (
    CLUSTER_WORKFLOW_TEMPLATE,
    POD,
    WORKFLOW,
    WORKFLOW_TEMPLATE,
)

log = structlog.get_logger(__name__)

FIELD_MANAGER = "argo-workflows"
PHASE_LABEL = "workflows.argoproj.io/phase"
COMPLETED_LABEL = "workflows.argoproj.io/completed"
_MAX_ROUNDS = 20


class WorkflowEngine:
    """Acts on Workflow, WorkflowTemplate and ClusterWorkflowTemplate objects.

    Args:
        client: The API, with rights on workflows, on pods and config maps, and to impersonate
            service accounts.
        data: A folder, as every engine is given one. Nothing is kept in it: the whole state of a
            workflow is in its object.
        clock: The time.
    """

    def __init__(self, client: Client, *, data: Path | None = None, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock
        self._kinds = KindCatalog(client)
        self._watched: set[ResourceType] = {POD}
        self._watch_more: Callable[[ResourceType], None] | None = None
        self._controller = Controller(
            "workflows",
            client,
            self.reconcile,
            [Watch(WORKFLOW), Watch(POD, _workflow_of, label_selector=WORKFLOW_LABEL)],
        )

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._watch_more = lambda resource_type: self._follow(group, resource_type)
            for resource_type in self._watched - {POD}:
                self._follow(group, resource_type)
            group.create_task(self._controller.run(), name="workflows")

    def _follow(self, group: asyncio.TaskGroup, resource_type: ResourceType) -> None:
        """Watch one more kind of objects that workflows create; their changes wake workflows."""

        async def wake(request: Request) -> Result:
            self._controller.queue.add(request)
            return Result()

        watch = Watch(resource_type, _workflow_of, label_selector=WORKFLOW_LABEL)
        name = f"workflows/{resource_type.plural}"
        group.create_task(Controller(name, self._client, wake, [watch], workers=1).run(), name=name)

    async def reconcile(self, request: Request) -> Result:
        """Bring one workflow as far as it can get now."""
        workflow = await get_or_none(self._client, WORKFLOW, request.name, request.namespace)
        if workflow is None or workflow["metadata"].get("deletionTimestamp"):
            return Result()
        done: set[str] = set()
        failures: dict[str, str] = {}
        for _ in range(_MAX_ROUNDS):
            observed = Observed(await self._objects(workflow, failures), done, failures)
            now = self._clock()
            decision = decide(workflow, await self._template(workflow), observed, now)
            if decision.delete:
                await self._delete(workflow)
                return Result()
            workflow = await self._write(workflow, decision)
            if not decision.actions:
                break
            for action in decision.actions:
                try:
                    await self._act(workflow, action)
                    done.add(action.node)
                except IdpError as error:
                    if error.retryable:
                        raise
                    failures[action.node] = str(error)
        if decision.actions:
            return Result(requeue_after=0)
        if decision.wake_at is None:
            return Result()
        return Result(requeue_after=max((decision.wake_at - now).total_seconds(), 0.05))

    # --- reading -------------------------------------------------------------------------------

    async def _template(self, workflow: Manifest) -> Manifest | None:
        """What the workflow refers to, needed only until it has started."""
        reference = (workflow.get("spec") or {}).get("workflowTemplateRef")
        if not isinstance(reference, dict) or (workflow.get("status") or {}).get("startedAt"):
            return None
        name = str(reference.get("name") or "")
        if reference.get("clusterScope"):
            return await get_or_none(self._client, CLUSTER_WORKFLOW_TEMPLATE, name)
        namespace = workflow["metadata"]["namespace"]
        return await get_or_none(self._client, WORKFLOW_TEMPLATE, name, namespace)

    async def _objects(
        self, workflow: Manifest, failures: dict[str, str]
    ) -> dict[str, Manifest | None]:
        """The objects of all nodes that have not ended; what may not be read is a failure."""
        status = workflow.get("status") or {}
        if status.get("phase") in ENDED:
            return {}
        objects: dict[str, Manifest | None] = {}
        for node_id, node in (status.get("nodes") or {}).items():
            if "resource" not in node or is_done(node) or node_id in failures:
                continue
            try:
                objects[node_id] = await self._read(workflow, node["resource"])
            except IdpError as error:
                if error.retryable:
                    raise
                failures[node_id] = str(error)
        return objects

    async def _read(self, workflow: Manifest, reference: Manifest) -> Manifest | None:
        resource_type = await self._kinds.find(reference["apiVersion"], reference["kind"])
        self._ensure_watched(resource_type)
        namespace = reference["namespace"] if resource_type.namespaced else None
        client = self._client if resource_type == POD else self._acting(workflow)
        return await get_or_none(client, resource_type, reference["name"], namespace)

    def _ensure_watched(self, resource_type: ResourceType) -> None:
        if resource_type in self._watched:
            return
        self._watched.add(resource_type)
        if self._watch_more is not None:
            self._watch_more(resource_type)

    # --- acting --------------------------------------------------------------------------------

    def _acting(self, workflow: Manifest) -> Client:
        """The API with the rights of the workflow's service account."""
        status, namespace = workflow.get("status") or {}, workflow["metadata"]["namespace"]
        spec = status.get("storedWorkflowTemplateSpec") or workflow.get("spec") or {}
        account = spec.get("serviceAccountName") or "default"
        return self._client.impersonating(
            f"system:serviceaccount:{namespace}:{account}",
            [
                "system:serviceaccounts",
                f"system:serviceaccounts:{namespace}",
                "system:authenticated",
            ],
        )

    async def _act(self, workflow: Manifest, action: Action) -> None:
        """Do one action.

        Raises:
            IdpError: The API refuses it.
        """
        manifest, meta = action.manifest, action.manifest["metadata"]
        client = self._client if action.own_rights else self._acting(workflow)
        resource_type = await self._kinds.find(manifest["apiVersion"], manifest["kind"])
        namespace = meta["namespace"] if resource_type.namespaced else None
        if not resource_type.namespaced:
            manifest = {**manifest, "metadata": {k: v for k, v in meta.items() if k != "namespace"}}
        match action.verb:
            case "create":
                with contextlib.suppress(AlreadyExists):  # the next round looks whose it is
                    await client.create(resource_type, manifest)
            case "apply":
                await client.apply(resource_type, manifest, field_manager=FIELD_MANAGER)
            case "patch":
                await client.patch(resource_type, meta["name"], manifest, namespace)
            case "delete":
                uid = action.uid or None
                with contextlib.suppress(NotFound):
                    await client.delete(resource_type, meta["name"], namespace, uid=uid)

    async def _delete(self, workflow: Manifest) -> None:
        meta = workflow["metadata"]
        try:
            await self._client.delete(WORKFLOW, meta["name"], meta["namespace"], uid=meta["uid"])
        except (NotFound, Conflict):  # somebody else has deleted it, or made it anew
            return
        log.info("deleted after its time", workflow=meta["name"], namespace=meta["namespace"])

    # --- writing -------------------------------------------------------------------------------

    async def _write(self, workflow: Manifest, decision: Decision) -> Manifest:
        """Write the status, unless it is the same, and the labels that follow from it.

        Raises:
            Conflict: The workflow was changed since it was read.
        """
        before, after, meta = workflow.get("status") or {}, decision.status, workflow["metadata"]
        name, namespace, phase = meta["name"], meta["namespace"], after.get("phase", "")
        if before != after:
            patch = {
                "metadata": {"resourceVersion": meta["resourceVersion"]},
                "status": merge_patch(before, after),
            }
            workflow = await self._client.patch(
                WORKFLOW, name, patch, namespace, subresource="status"
            )
        labels = {PHASE_LABEL: phase, COMPLETED_LABEL: "true" if phase in ENDED else "false"}
        if labels.items() <= (meta.get("labels") or {}).items():
            return workflow
        log.info("workflow", name=name, namespace=namespace, phase=phase)
        patch = {"metadata": {"labels": labels}}
        return await self._client.patch(WORKFLOW, name, patch, namespace)


def merge_patch(before: Any, after: Any) -> Any:
    """The JSON merge patch (RFC 7386) that makes `after` of `before`."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        if key not in before:
            patch[key] = value
        elif before[key] != value:
            patch[key] = merge_patch(before[key], value)
    return patch


def _workflow_of(manifest: Manifest) -> Iterable[Request]:
    meta = manifest["metadata"]
    return [Request(meta.get("namespace", ""), meta["labels"][WORKFLOW_LABEL])]
