"""Workflows: the pipelines of pushes and promotions, and whatever else runs, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from pydantic import ConfigDict

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.board import InstanceState, instance_state
from idp.apps.hub.views.gather import gather, listing
from idp.apps.hub.views.model import View
from idp.capabilities.promotion.kinds import PipelineStep, Promotion
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest
from idp.kernel.standard import WORKFLOW

WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
_ENDED = ("Succeeded", "Failed", "Error")
_LONGEST_OUTPUT = 20_000


class WorkflowBrief(View):
    """A workflow.

    Attributes:
        environment: The instance.
        namespace: Where it lives.
        name: Its name.
        phase: In Argo's words.
        template: What it runs; empty when it brings its own.
        application: Of which application; empty when of none.
        promotion: The Promotion that it works for; empty when for none.
        progress: Such as `3/4`.
        message: What is wrong.
        started_at: When it began.
        finished_at: When it ended.
    """

    environment: str
    namespace: str
    name: str
    phase: str
    template: str
    application: str
    promotion: str
    progress: str
    message: str
    started_at: datetime | None
    finished_at: datetime | None


class WorkflowPage(View):
    """Some workflows.

    Attributes:
        instances: How each instance answered.
        workflows: Those that run first, then the newest.
        total: How many match.
        running: How many of those run.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "workflows": [
                        {
                            "environment": "uat",
                            "namespace": "demo",
                            "name": "hello-r2-3fa9c1d",
                            "phase": "Running",
                            "template": "promote",
                            "application": "hello",
                            "progress": "3/4",
                        }
                    ],
                    "total": 1,
                    "running": 1,
                }
            ]
        }
    )

    instances: list[InstanceState]
    workflows: list[WorkflowBrief]
    total: int
    running: int


class NodeView(View):
    """A node of a workflow.

    Attributes:
        id: Within the workflow.
        name: For people.
        type: In Argo's words: `Steps`, `StepGroup`, `Pod`, `Retry`, ...
        template: Which template it runs.
        phase: How far it is.
        message: What was done, is waited for, or went wrong.
        remedy: What a person can do.
        started_at: When it began.
        finished_at: When it ended.
        children: Ids of the nodes that come after.
        group: Whether it only holds others.
        step: The PipelineStep behind it; empty when there is none.
        pod: The pod behind it; empty when there is none.
        outputs: What the step gave to later ones, as JSON; cut off when it is long.
    """

    id: str
    name: str
    type: str
    template: str
    phase: str
    message: str
    remedy: str
    started_at: datetime | None
    finished_at: datetime | None
    children: list[str]
    group: bool
    step: str
    pod: str
    outputs: str


class WorkflowDetail(View):
    """One workflow.

    Attributes:
        workflow: In a few words.
        parameters: With which it was started.
        nodes: In the order of their start.
    """

    workflow: WorkflowBrief
    parameters: dict[str, str]
    nodes: list[NodeView]


async def workflow_page(
    instances: Instances,
    principal: Principal,
    *,
    environment: str = "",
    phase: str = "",
    search: str = "",
    offset: int = 0,
    limit: int = 50,
) -> WorkflowPage:
    """The workflows that match, wherever the caller may look."""
    asked = (environment,) if environment else ()
    answers = await gather(instances, principal, listing(WORKFLOW), environments=asked)
    found = [
        brief(name, manifest)
        for name, answer in answers.items()
        if not isinstance(answer, IdpError)
        for manifest in answer[WORKFLOW.kind]
    ]
    matching = select(found, phase, search)
    return WorkflowPage(
        instances=[instance_state(e, answer) for e, answer in answers.items()],
        workflows=matching[offset : offset + limit],
        total=len(matching),
        running=sum(workflow.phase not in _ENDED for workflow in matching),
    )


def select(workflows: Sequence[WorkflowBrief], phase: str, search: str) -> list[WorkflowBrief]:
    """Those that match; those that run first, then the newest. Pure."""
    wanted = search.strip().lower()
    found = [
        w
        for w in workflows
        if phase in ("", w.phase) and wanted in f"{w.namespace}/{w.name} {w.application}".lower()
    ]
    newest = sorted(found, key=lambda w: str(w.started_at), reverse=True)
    return sorted(newest, key=lambda w: w.phase in _ENDED)


async def workflow_detail(
    instances: Instances, principal: Principal, environment: str, namespace: str, name: str
) -> WorkflowDetail:
    """One workflow.

    Raises:
        NotFound: There is none of that name.
        IdpError: The instance does not answer, or the caller may not look.
    """

    async def ask(client: Client) -> WorkflowDetail:
        manifest = await client.get(WORKFLOW, name, namespace)
        steps = await client.list(
            PipelineStep.type(), namespace, label_selector=f"{WORKFLOW_LABEL}={name}"
        )
        return describe(environment, manifest, steps.items)

    answers = await gather(instances, principal, ask, environments=(environment,))
    answer = answers[environment]
    if isinstance(answer, IdpError):
        raise answer
    return answer


def describe(environment: str, manifest: Manifest, steps: Sequence[Manifest]) -> WorkflowDetail:
    """A workflow with what its steps say. Pure."""
    by_name = {step["metadata"]["name"]: step for step in steps}
    nodes = ((manifest.get("status") or {}).get("nodes") or {}).values()
    arguments = ((manifest["spec"].get("arguments") or {}).get("parameters")) or []
    return WorkflowDetail(
        workflow=brief(environment, manifest),
        parameters={str(p["name"]): str(p.get("value", "")) for p in arguments},
        nodes=[
            _node(node, by_name)
            for node in sorted(nodes, key=lambda n: (str(n.get("startedAt")), str(n["name"])))
        ],
    )


def brief(environment: str, manifest: Manifest) -> WorkflowBrief:
    """A workflow in a few words. Pure."""
    meta, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    owners = [o for o in meta.get("ownerReferences") or [] if o["kind"] == Promotion.type().kind]
    parameters = {p["name"]: p.get("value", "") for p in _parameters(spec)}
    return WorkflowBrief(
        environment=environment,
        namespace=meta["namespace"],
        name=meta["name"],
        phase=status.get("phase") or "Pending",
        template=(spec.get("workflowTemplateRef") or {}).get("name", ""),
        application=(meta.get("labels") or {}).get(APPLICATION_LABEL)
        or str(parameters.get("application", "")),
        promotion=owners[0]["name"] if owners else "",
        progress=status.get("progress", ""),
        message=status.get("message", ""),
        started_at=status.get("startedAt"),
        finished_at=status.get("finishedAt"),
    )


def _parameters(spec: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = (spec.get("arguments") or {}).get("parameters") or ()
    return found


def _node(node: Mapping[str, Any], steps: Mapping[str, Manifest]) -> NodeView:
    resource = node.get("resource") or {}
    step = steps.get(str(resource.get("name", "")))
    status = (step or {}).get("status") or {}
    outputs = status.get("outputs") or {}
    text = orjson.dumps(outputs, option=orjson.OPT_INDENT_2).decode() if outputs else ""
    kind = str(node.get("type", ""))
    return NodeView(
        id=node["id"],
        name=node.get("displayName") or node["name"],
        type=kind,
        template=node.get("templateName", ""),
        phase=node.get("phase") or "Pending",
        message=status.get("message") or node.get("message", ""),
        remedy=status.get("remedy", ""),
        started_at=node.get("startedAt"),
        finished_at=node.get("finishedAt"),
        children=list(node.get("children") or []),
        group=kind not in ("Pod", "Suspend", "Skipped"),
        step=step["metadata"]["name"] if step else "",
        pod=node["id"] if kind == "Pod" and not resource else "",
        outputs=text[:_LONGEST_OUTPUT],
    )
