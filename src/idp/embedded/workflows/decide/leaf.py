"""Leaf nodes: what runs outside of the engine, as an object of the API.

A leaf is *recorded* as `Pending` with a reference to its object before anything is done. The next
passes look at the object: absent, it is created; there, the node is `Running` until the object
meets a condition. So a kill between recording and creating, or between creating and recording,
costs one more look and never a second object.
"""

from __future__ import annotations

from datetime import timedelta

from idp.embedded.workflows.decide.outputs import resource_outputs
from idp.embedded.workflows.decide.run import Action, Call, Run
from idp.embedded.workflows.durations import parse_duration
from idp.embedded.workflows.nodes import LEAF, is_done, started_at
from idp.embedded.workflows.objects import (
    MAIN_CONTAINER,
    NODE_ID,
    WORKFLOW_LABEL,
    pod_objects,
    resource_object,
)
from idp.embedded.workflows.resource_conditions import all_met, first_met
from idp.embedded.workflows.spec import ResourceAction, Template
from idp.embedded.workflows.substitution import substitute
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest

POLL = timedelta(seconds=5)
_EXPLAINING = ("message", "reason")


def reference_of(manifest: Manifest) -> Manifest:
    """What a node keeps of its object; not a field of Argo, whose nodes are found by their pods."""
    meta = manifest["metadata"]
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "namespace": meta["namespace"],
        "name": meta["name"],
    }


# --- resource ----------------------------------------------------------------------------------


def run_resource(run: Run, call: Call, template: Template, scope: dict[str, str]) -> Manifest:
    """Do the action of a resource template, then wait for its conditions."""
    assert template.resource is not None
    node = run.begin(call, LEAF, scope, phase="Pending")
    if (why := run.observed.failures.get(node["id"])) is not None:
        return run.nodes.finish(node, "Failed", why)
    try:
        if node["phase"] == "Pending":
            _act(run, template, node, scope)
        if node["phase"] == "Running":
            _await_conditions(run, template, node, scope)
        if not is_done(node):
            _limit(run, call, template, node, scope)
    except IdpError as error:
        return run.nodes.finish(node, "Error", str(error))
    return node


def _act(run: Run, template: Template, node: Manifest, scope: dict[str, str]) -> None:
    resource = template.resource
    assert resource is not None
    manifest = resource_object(template, run.workflow, node, scope)
    node["resource"] = reference_of(manifest)
    if resource.action == "create":
        _create(run, node, manifest)
    elif resource.action == "get" or node["id"] in run.observed.done:
        node["phase"] = "Running"
    else:
        run.actions.append(Action(node["id"], resource.action, manifest))


def _create(run: Run, node: Manifest, manifest: Manifest, *, own_rights: bool = False) -> None:
    live = run.observed.objects.get(node["id"])
    if live is None:
        run.actions.append(Action(node["id"], "create", manifest, own_rights=own_rights))
        return
    meta = live["metadata"]
    maker = str((meta.get("annotations") or {}).get(NODE_ID, ""))
    ours = (meta.get("labels") or {}).get(WORKFLOW_LABEL) == run.name
    if ours and maker == node["id"]:
        node["phase"] = "Running"
    elif ours and _former_attempt(run, node, maker):
        # A retry whose manifest has a fixed name: the failed attempt's object makes way.
        run.actions.append(
            Action(node["id"], "delete", manifest, own_rights=own_rights, uid=meta["uid"])
        )
    else:
        run.nodes.finish(
            node,
            "Failed",
            f"{live['kind']} {meta['name']} exists already and is not this node's",
        )


def _former_attempt(run: Run, node: Manifest, maker: str) -> bool:
    """Whether `maker` is an earlier attempt of the node: `name(0)` of `name(1)`."""
    base, bracket, _ = node["name"].rpartition("(")
    former = [n for n in run.nodes if n["id"] == maker and is_done(n)]
    return bool(bracket and former) and former[0]["name"].rpartition("(")[0] == base


def _await_conditions(run: Run, template: Template, node: Manifest, scope: dict[str, str]) -> None:
    resource = template.resource
    assert resource is not None
    live = run.observed.objects.get(node["id"])
    if resource.action == "delete":
        run.nodes.finish(node, "Succeeded")
        return
    if live is None:
        if node["id"] in run.observed.objects:
            kind, name = node["resource"]["kind"], node["resource"]["name"]
            message = f"{kind} {name} does not exist, or was deleted before its conditions were met"
            run.nodes.finish(node, "Failed", message)
        else:
            run.wake(run.now)
        return
    _judge(run, template, resource, node, live, scope)


def _judge(
    run: Run,
    template: Template,
    resource: ResourceAction,
    node: Manifest,
    live: Manifest,
    scope: dict[str, str],
) -> None:
    failure = substitute(resource.failure_condition or "", scope)
    success = substitute(resource.success_condition or "", scope)
    if (met := first_met(failure, live)) is not None:
        run.nodes.finish(node, "Failed", f"failure condition '{met}' is met{_explained(live)}")
    elif all_met(success, live):
        run.nodes.finish(node, "Succeeded", outputs=resource_outputs(template, live))
    else:
        node["message"] = f"waits for '{success}'{_explained(live)}"
        if resource.action in ("get", "patch") or node["resource"]["namespace"] != run.namespace:
            run.wake(run.now + POLL)  # no watch leads from this object to the workflow


def _explained(live: Manifest) -> str:
    """What the object itself says about its state."""
    status = live.get("status")
    if not isinstance(status, dict):
        return ""
    texts = [status[f] for f in _EXPLAINING if isinstance(status.get(f), str) and status[f]]
    return f": {texts[0][:1000]}" if texts else ""


# --- container and script ----------------------------------------------------------------------


def run_container(run: Run, call: Call, template: Template, scope: dict[str, str]) -> Manifest:
    """Create a pod, then wait for its end."""
    node = run.begin(call, LEAF, scope, phase="Pending")
    if (why := run.observed.failures.get(node["id"])) is not None:
        return run.nodes.finish(node, "Error", why)
    try:
        if node["phase"] == "Pending":
            _create_pod(run, template, node, scope)
        pod = run.observed.objects.get(node["id"])
        if node["phase"] == "Running" and pod is not None:
            _await_pod(run, node, pod)
        if not is_done(node):
            _limit(run, call, template, node, scope)
        if node["phase"] == "Running" and pod is None and node["id"] in run.observed.objects:
            run.nodes.finish(node, "Error", "pod deleted")
    except IdpError as error:
        return run.nodes.finish(node, "Error", str(error))
    return node


def _create_pod(run: Run, template: Template, node: Manifest, scope: dict[str, str]) -> None:
    *mounted, pod = pod_objects(template, run.spec, run.workflow, node, scope)
    node["resource"] = reference_of(pod)
    if run.observed.objects.get(node["id"]) is None:
        run.actions += [Action(node["id"], "create", m, own_rights=True) for m in mounted]
    _create(run, node, pod, own_rights=True)


def _await_pod(run: Run, node: Manifest, pod: Manifest) -> None:
    status = pod.get("status") or {}
    phase = status.get("phase")
    if phase not in ("Succeeded", "Failed"):
        node["message"] = status.get("message") or f"pod is {phase or 'Pending'}"
        return
    ended = _ended(status)
    code = ended.get("exitCode")
    exit_code = str(code) if code is not None else None
    if phase == "Succeeded":
        run.nodes.finish(node, "Succeeded", exit_code=exit_code)
        return
    message = ended.get("message") or status.get("message") or ended.get("reason") or ""
    why = f"Error (exit code {code})" if code is not None else "pod failed"
    run.nodes.finish(node, "Failed", f"{why}: {message}" if message else why, exit_code=exit_code)


def _ended(status: Manifest) -> Manifest:
    for container in status.get("containerStatuses") or []:
        if container.get("name") == MAIN_CONTAINER:
            terminated: Manifest = (container.get("state") or {}).get("terminated") or {}
            return terminated
    return {}


# --- deadlines and stops -----------------------------------------------------------------------


def _limit(run: Run, call: Call, template: Template, node: Manifest, scope: dict[str, str]) -> None:
    """End a node whose time is over or whose workflow is stopped.

    Its pod is deleted first and the node ends when it is gone, so that no pod outlives its node.
    An object of a resource template stays: it belongs to whoever acts on it.
    """
    reason = run.halted(call.on_exit) or _overdue(run, template, node, scope)
    if not reason:
        return
    pod = run.observed.objects.get(node["id"])
    if template.resource is not None or pod is None:
        run.actions = [action for action in run.actions if action.node != node["id"]]
        run.nodes.finish(node, "Failed", reason)
    elif not pod["metadata"].get("deletionTimestamp"):
        node["message"] = reason
        run.actions.append(
            Action(node["id"], "delete", pod, own_rights=True, uid=pod["metadata"]["uid"])
        )


def _overdue(run: Run, template: Template, node: Manifest, scope: dict[str, str]) -> str:
    for name, text in (
        ("timeout", template.timeout),
        ("activeDeadlineSeconds", template.active_deadline_seconds),
    ):
        if text is None:
            continue
        deadline = started_at(node) + parse_duration(substitute(text, scope))
        if run.now >= deadline:
            waited = f"; it {node['message']}" if node.get("message") else ""
            return f"exceeded its {name} of {text}{waited}"
        run.wake(deadline)
    return ""
