"""Follows a push or a promotion to its end, step by step, on a line of the live tree."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from idp.apps.cli.progress import Progress
from idp.apps.cli.tree import Line, State
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, Release
from idp.capabilities.promotion.render.workflows import push_workflow_name
from idp.kernel.client import Client, get_or_none
from idp.kernel.errors import DeadlineExceeded, IdpError
from idp.kernel.resource import Manifest
from idp.kernel.standard import WORKFLOW

LOOK_SECONDS = 0.25

_STATES: dict[str, State] = {
    "Pending": "waiting",
    "Running": "running",
    "Succeeded": "done",
    "Failed": "failed",
    "Superseded": "done",
}


class PipelineFailed(IdpError):
    """A pipeline or a promotion ended badly."""

    code = "PipelineFailed"
    status = 422


async def follow_push(
    client: Client,
    progress: Progress,
    line: Line,
    *,
    namespace: str,
    application: str,
    commit: str,
    seconds: float = 300.0,
) -> Manifest:
    """Follow the pipeline of a push until it has cut a release; gives the Release.

    Raises:
        PipelineFailed: A step failed; the message is the step's, with its remedy.
        DeadlineExceeded: It took too long.
    """
    name, deadline = push_workflow_name(application, commit), time.monotonic() + seconds
    progress.update(line, "running", "waiting for the pipeline to start")
    while time.monotonic() < deadline:
        workflow = await get_or_none(client, WORKFLOW, name, namespace)
        steps = await _steps(client, namespace, name)
        for step in steps:
            _show_step(progress, line, step, name)
        phase = ((workflow or {}).get("status") or {}).get("phase", "")
        if phase in ("Failed", "Error"):
            raise _failure(progress, line, steps, (workflow or {})["status"].get("message", ""))
        if phase == "Succeeded":
            release = await _release_of(client, namespace, application, commit)
            if release is not None:
                progress.update(line, "done", f"release {release['spec']['version']}")
                return release
        await asyncio.sleep(LOOK_SECONDS)
    raise DeadlineExceeded(
        f"the pipeline {name} did not end within {seconds:.0f} s",
        remedy=f"`idp-cli get pipelinesteps -n {namespace} -e development` shows its steps.",
    )


async def _steps(client: Client, namespace: str, workflow: str) -> list[Manifest]:
    listed = await client.list(
        PipelineStep.type(),
        namespace,
        label_selector=f"workflows.argoproj.io/workflow={workflow}",
    )
    return sorted(listed.items, key=lambda step: step["spec"].get("position", 0))


def _show_step(progress: Progress, line: Line, step: Manifest, workflow: str) -> None:
    status = step.get("status") or {}
    title = step["metadata"]["name"].removeprefix(f"{workflow}-")
    state = _STATES[status.get("phase", "Pending")]
    progress.update(line.child(title), state, status.get("message", ""))


def _failure(
    progress: Progress, line: Line, steps: Sequence[Manifest], message: str
) -> PipelineFailed:
    failed = [s["status"] for s in steps if (s.get("status") or {}).get("phase") == "Failed"]
    reason = failed[0].get("message", "") if failed else message
    progress.update(line, "failed", reason)
    return PipelineFailed(reason, remedy=(failed[0].get("remedy") if failed else None) or None)


async def _release_of(
    client: Client, namespace: str, application: str, commit: str
) -> Manifest | None:
    for release in (await client.list(Release.type(), namespace)).items:
        spec = release["spec"]
        if spec["application"] == application and spec["source"]["commit"] == commit:
            return release
    return None


async def find_promotion(
    client: Client, namespace: str, application: str, release: str
) -> Manifest | None:
    """The newest promotion of a release in an instance; None when there is none yet."""
    found = [
        promotion
        for promotion in (await client.list(Promotion.type(), namespace)).items
        if promotion["spec"]["application"] == application
        and promotion["spec"].get("action", "promote") == "promote"
        and promotion["spec"].get("release", "") == release
    ]
    return max(found, key=lambda p: p["metadata"]["creationTimestamp"], default=None)


async def follow_promotion(
    client: Client,
    progress: Progress,
    line: Line,
    *,
    namespace: str,
    application: str,
    release: str,
    until_approval: bool = False,
    seconds: float = 300.0,
) -> Manifest:
    """Follow the promotion of a release until it ends; gives the Promotion.

    Args:
        client: The target's API.
        progress: The tree.
        line: The line to write on.
        namespace: Of the application.
        application: Its name.
        release: Name of the Release object.
        until_approval: Return when it waits for people.
        seconds: How long to follow.

    Raises:
        PipelineFailed: It failed, with the failing step's message and remedy.
        DeadlineExceeded: It took too long.
    """
    deadline = time.monotonic() + seconds
    if line.state == "waiting":
        progress.update(line, "running", "waiting for the release to arrive")
    while time.monotonic() < deadline:
        promotion = await find_promotion(client, namespace, application, release)
        if promotion is not None:
            waits = show_promotion(progress, line, promotion)
            phase = (promotion.get("status") or {}).get("phase", "Pending")
            if phase in ("Succeeded", "Superseded"):
                return promotion
            if phase == "Failed":
                status = promotion["status"]
                raise PipelineFailed(status["message"], remedy=status.get("remedy") or None)
            if waits and until_approval:
                return promotion
        await asyncio.sleep(LOOK_SECONDS)
    raise DeadlineExceeded(
        f"the promotion of {release} did not end within {seconds:.0f} s: {line.message}",
        remedy=f"`idp-cli promotion list {application} -n {namespace}` shows where it stands.",
    )


def _waits_at_gates(step: Manifest) -> bool:
    """Whether gates hold it: they were asked, and one of them is shut."""
    asked = step.get("message") not in (None, "", "started")
    return step["name"] == "gates" and step["phase"] == "Running" and asked


def held_at_gates(status: Manifest) -> bool:
    """Whether a promotion goes on only when a gate opens."""
    steps = status.get("steps") or []
    return status.get("phase") == "Running" and any(_waits_at_gates(step) for step in steps)


def show_promotion(progress: Progress, line: Line, promotion: Manifest) -> bool:
    """Write a promotion and its steps; gives whether it waits for people."""
    status = promotion.get("status") or {}
    running, waits = status.get("phase") == "Running", False
    for step in status.get("steps") or []:
        state, message = _STATES[step["phase"]], step.get("message", "")
        # It has looked who may approve; before, nobody knows whether people are needed at all.
        if running and step["name"] == "approval" and message.startswith("waits for"):
            state, waits = "attention", True
        if running and _waits_at_gates(step):
            state, waits = "attention", True
        progress.update(line.child(step["name"]), state, message)
    if running and status.get("steps"):
        # The steps tell the story; the promotion's message would repeat the step at work.
        progress.update(line, "attention" if waits else "running", "")
    else:
        progress.update(line, _STATES[status.get("phase", "Pending")], status.get("message", ""))
    return waits
