"""What an application is made of in one environment, each part with what is wrong and what to do.

Application (what is wanted, with its conditions) > Argo CD Application (whether the repository's
state is applied) and Deployment > pods. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.apps.hub.overview import Health, health
from idp.apps.hub.views.gather import Listed
from idp.apps.hub.views.model import View
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest
from idp.kernel.standard import ARGO_APPLICATION, DEPLOYMENT, POD


class ConditionView(View):
    """A condition of an object.

    Attributes:
        type: What is stated.
        status: `True`, `False` or `Unknown`.
        reason: CamelCase word.
        message: For people.
        remedy: What to do.
    """

    type: str
    status: str
    reason: str
    message: str
    remedy: str


class TreeNode(View):
    """An object, and those that it consists of.

    Attributes:
        kind: Its kind.
        api_version: Its group and version.
        name: Its name.
        health: How it is.
        message: What is wrong, or what it does.
        remedy: What to do.
        conditions: Its conditions, those that do not hold first.
        children: What it consists of.
    """

    kind: str
    api_version: str
    name: str
    health: Health
    message: str = ""
    remedy: str = ""
    conditions: list[ConditionView]
    children: list[TreeNode]


def status_tree(objects: Listed, namespace: str, name: str) -> list[TreeNode]:
    """The tree of an application; empty when nothing of it is there."""

    def named(kind: str) -> list[Manifest]:
        return [
            manifest
            for manifest in objects.get(kind, ())
            if (manifest["metadata"]["namespace"], manifest["metadata"]["name"])
            == (namespace, name)
        ]

    pods = [_pod(pod) for pod in objects.get(POD.kind, ())]
    parts = [
        *map(_synced, named(ARGO_APPLICATION.kind)),
        *(_deployment(d, pods) for d in named(DEPLOYMENT.kind)),
    ]
    applications = named(WebApplication.type().kind)
    return [_application(applications[0], parts)] if applications else parts


def _application(manifest: Manifest, children: list[TreeNode]) -> TreeNode:
    ready = condition_of(manifest, "Ready") or {}
    current = ready.get("observedGeneration", 0) >= manifest["metadata"].get("generation", 0)
    return _node(
        manifest,
        health(ready.get("status", ""), ready.get("reason", ""), current=current),
        ready.get("message", ""),
        ready.get("remedy", ""),
        children,
    )


def _synced(manifest: Manifest) -> TreeNode:
    status = manifest.get("status") or {}
    sync = (status.get("sync") or {}).get("status", "Unknown")
    revision = (status.get("sync") or {}).get("revision", "")[:12]
    said = (status.get("operationState") or {}).get("message", "")
    problems = [c.get("message", "") for c in status.get("conditions") or []]
    state: Health = {"Synced": "Healthy", "OutOfSync": "Degraded"}.get(sync, "Progressing")  # type: ignore[assignment]
    message = "; ".join(filter(None, [f"{sync} at {revision}" if revision else sync, *problems]))
    if sync != "Synced" and said:
        message += f"; {said}"
    return _node(manifest, state, message)


def _deployment(manifest: Manifest, pods: list[TreeNode]) -> TreeNode:
    wanted = manifest["spec"].get("replicas", 1)
    ready = (manifest.get("status") or {}).get("readyReplicas", 0)
    state: Health = "Healthy" if ready >= wanted else "Progressing"
    if any(pod.health == "Degraded" for pod in pods) and ready < wanted:
        state = "Degraded"
    return _node(manifest, state, f"{ready} of {wanted} replicas ready", children=pods)


def _pod(manifest: Manifest) -> TreeNode:
    status = manifest.get("status") or {}
    containers = status.get("containerStatuses") or []
    problem = next((p for p in map(_container_problem, containers) if p), "")
    restarts = sum(container.get("restartCount", 0) for container in containers)
    ready = (condition_of(manifest, "Ready") or {}).get("status") == "True"
    state: Health = "Healthy" if ready else "Degraded" if problem else "Progressing"
    said = problem or str(status.get("phase", ""))
    if restarts:
        said += f"; restarted {restarts} times" if restarts > 1 else "; restarted once"
    return _node(manifest, state, said)


def _container_problem(container: Manifest) -> str:
    state = container.get("state") or {}
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason and reason not in ("ContainerCreating", "PodInitializing"):
        last = ((container.get("lastState") or {}).get("terminated") or {}).get("message", "")
        return ": ".join(filter(None, [reason, waiting.get("message", "") or last]))
    ended = state.get("terminated") or {}
    return ": ".join(filter(None, [ended.get("reason", ""), ended.get("message", "")]))


def _node(
    manifest: Manifest,
    state: Health,
    message: str = "",
    remedy: str = "",
    children: Sequence[TreeNode] = (),
) -> TreeNode:
    conditions = [
        ConditionView(
            type=condition.get("type", ""),
            status=condition.get("status", ""),
            reason=condition.get("reason", ""),
            message=condition.get("message", ""),
            remedy=condition.get("remedy", ""),
        )
        for condition in (manifest.get("status") or {}).get("conditions") or []
    ]
    return TreeNode(
        kind=manifest["kind"],
        api_version=manifest["apiVersion"],
        name=manifest["metadata"]["name"],
        health=state,
        message=message,
        remedy=remedy,
        conditions=sorted(conditions, key=lambda condition: condition.status == "True"),
        children=list(children),
    )
