"""How far a new application is on its way from the first commit to its first answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from idp.apps.hub.instances import Instances
from idp.apps.hub.views.model import View
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, Release
from idp.capabilities.promotion.render.workflows import push_workflow_name
from idp.kernel.access import Principal
from idp.kernel.client import get_or_none
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest
from idp.kernel.standard import WORKFLOW

State = Literal["Pending", "Running", "Succeeded", "Failed"]


class ProgressStep(View):
    """One step on the way.

    Attributes:
        name: What it does.
        state: How far it is.
        message: What it did or waits for.
        remedy: What a person can do.
    """

    name: str
    state: State
    message: str = ""
    remedy: str = ""


class Progress(View):
    """How far a new application is.

    Attributes:
        state: Of the whole: it succeeded when the application answers in the first environment.
        environment: The first environment.
        url: Where it answers; empty until it does.
        steps: In order.
    """

    state: State
    environment: str
    url: str
    steps: list[ProgressStep]


async def progress(
    instances: Instances, principal: Principal, namespace: str, name: str, commit: str
) -> Progress:
    """Ask the first environment, with the caller's rights."""
    environment = instances.environments[0]
    client = instances.client(environment, principal)
    workflow_name = push_workflow_name(name, commit)
    steps = await client.list(
        PipelineStep.type(),
        namespace,
        label_selector=f"workflows.argoproj.io/workflow={workflow_name}",
    )
    releases = (await client.list(Release.type(), namespace)).items
    release = next((r for r in releases if _is_of(r, name, commit)), None)
    promotion = None
    if release is not None:
        promotions = (await client.list(Promotion.type(), namespace)).items
        wanted = release["metadata"]["name"]
        promotion = next((p for p in promotions if p["spec"].get("release") == wanted), None)
    return describe(
        environment,
        workflow=await get_or_none(client, WORKFLOW, workflow_name, namespace),
        steps=sorted(steps.items, key=lambda step: step["spec"].get("position", 0)),
        promotion=promotion,
        application=await get_or_none(client, WebApplication.type(), name, namespace),
        prefix=f"{workflow_name}-",
    )


def describe(
    environment: str,
    *,
    workflow: Manifest | None,
    steps: Sequence[Manifest],
    promotion: Manifest | None,
    application: Manifest | None,
    prefix: str,
) -> Progress:
    """Put together what was found.

    Args:
        environment: The first environment.
        workflow: The pipeline of the first commit.
        steps: Its steps, in order.
        promotion: The promotion of the release that it cut.
        application: What is to answer.
        prefix: Of the steps' names.
    """
    shown = [ProgressStep(name="commit", state="Succeeded", message="the repository is there")]
    shown += [_pipeline_step(step, prefix) for step in steps]
    status = (workflow or {}).get("status") or {}
    if status.get("phase") in ("Failed", "Error") and all(s.state != "Failed" for s in shown):
        shown.append(
            ProgressStep(name="pipeline", state="Failed", message=status.get("message", ""))
        )
    shown += _promotion_steps(promotion)
    url, answers = _answer(application, promotion)
    shown.append(answers)
    if any(step.state == "Failed" for step in shown):
        return Progress(state="Failed", environment=environment, url=url, steps=shown)
    return Progress(
        state="Succeeded" if answers.state == "Succeeded" else "Running",
        environment=environment,
        url=url,
        steps=shown,
    )


def _pipeline_step(step: Manifest, prefix: str) -> ProgressStep:
    status = step.get("status") or {}
    return ProgressStep(
        name=step["metadata"]["name"].removeprefix(prefix),
        state=_state(status.get("phase")),
        message=status.get("message", ""),
        remedy=status.get("remedy") or "",
    )


def _promotion_steps(promotion: Manifest | None) -> list[ProgressStep]:
    status = (promotion or {}).get("status") or {}
    shown = [
        ProgressStep(
            name=step["name"],
            state=_state(step["phase"]),
            message=step.get("message", ""),
            remedy=step.get("remedy") or "",
        )
        for step in status.get("steps") or []
    ]
    if status.get("phase") == "Failed" and all(step.state != "Failed" for step in shown):
        remedy = status.get("remedy") or ""
        message = status.get("message", "")
        shown.append(ProgressStep(name="promotion", state="Failed", message=message, remedy=remedy))
    return shown


def _answer(application: Manifest | None, promotion: Manifest | None) -> tuple[str, ProgressStep]:
    """Where it answers, and the last step: ready, and verified by the promotion."""
    ready = condition_of(application or {}, "Ready")
    verified = ((promotion or {}).get("status") or {}).get("phase") == "Succeeded"
    url = str(((application or {}).get("status") or {}).get("url") or "")
    if ready is not None and ready["status"] == "True" and verified and url:
        return url, ProgressStep(name="answers", state="Succeeded", message=f"at {url}")
    message = "" if ready is None else ready.get("message", "")
    return "", ProgressStep(name="answers", state="Pending", message=message)


def _state(phase: str | None) -> State:
    states: dict[str, State] = {
        "Running": "Running",
        "Succeeded": "Succeeded",
        "Superseded": "Succeeded",
        "Failed": "Failed",
    }
    return states.get(phase or "", "Pending")


def _is_of(release: Manifest, application: str, commit: str) -> bool:
    spec = release["spec"]
    return bool(spec["application"] == application and spec["source"]["commit"] == commit)
