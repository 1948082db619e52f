"""`workflow`: a workflow of the user's own succeeds.

It runs once per promotion, from a ClusterWorkflowTemplate: those are the platform's people's, while
a template in an application's namespace may be its developers'.
"""

from __future__ import annotations

from idp.capabilities.environments.kinds import WorkflowRule
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.capabilities.promotion.render.templates import PIPELINE_ACCOUNT
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import AlreadyExists
from idp.kernel.manifest import owned_by, render
from idp.kernel.resource import Manifest
from idp.kernel.standard import WORKFLOW

_LOOK_AGAIN = 2.0


def workflow_of(rule: WorkflowRule, case: GateCase) -> Manifest:
    """The workflow of a gate; the promotion owns it. Pure."""
    release = case.release
    values = {
        "application": release.application,
        "namespace": case.promotion.namespace,
        "environment": case.environment,
        "image": release.image,
        "version": release.version,
        "release-digest": release.digest,
    }
    manifest = render(
        WORKFLOW,
        f"{case.promotion.name}-gate-{case.gate}",
        case.promotion.namespace,
        spec={
            "serviceAccountName": PIPELINE_ACCOUNT,
            "workflowTemplateRef": {"name": rule.template, "clusterScope": True},
            "arguments": {"parameters": [{"name": k, "value": v} for k, v in values.items()]},
        },
    )
    return owned_by(case.promotion.manifest(), [manifest])[0]


def decide(workflow: Manifest, case: GateCase) -> GateAnswer:
    """From a workflow to the answer."""
    meta, status = workflow["metadata"], workflow.get("status") or {}
    name, phase = meta["name"], status.get("phase") or "Pending"
    owners = [owner["uid"] for owner in meta.get("ownerReferences") or []]
    if case.promotion.metadata.uid not in owners:
        return refused(f"workflow {name} is another's", f"Delete workflow {name}.")
    if phase == "Succeeded":
        return open_(f"workflow {name} succeeded", workflow=name)
    if phase in ("Failed", "Error"):
        words = f"workflow {name} ended as {phase}: {status.get('message') or 'no message'}"
        change = "Remove what it found, then start the promotion again."
        return refused(words, change, workflow=name)
    return GateAnswer(
        "Waiting",
        f"workflow {name} to end; it is {phase}",
        "Its success.",
        after=_LOOK_AGAIN,
        evidence={"workflow": name},
    )


class WorkflowGate:
    """Runs the workflow."""

    rule = "workflow"
    overridable = False
    expedited = False

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, rule: WorkflowRule, case: GateCase) -> GateAnswer:
        """Start it under a name that follows from the promotion, and look how far it is."""
        wanted = workflow_of(rule, case)
        name, namespace = wanted["metadata"]["name"], wanted["metadata"]["namespace"]
        found = await get_or_none(self._client, WORKFLOW, name, namespace)
        if found is None:
            try:
                found = await self._client.create(WORKFLOW, wanted)
            except AlreadyExists:
                found = await self._client.get(WORKFLOW, name, namespace)
        return decide(found, case)
