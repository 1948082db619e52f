"""`container` and `script`: a pod, then a wait for its end."""

from __future__ import annotations

from idp.embedded.workflows.decide.leaf import create, limit, reference_of
from idp.embedded.workflows.decide.run import Action, Call, Run
from idp.embedded.workflows.nodes import LEAF, is_done
from idp.embedded.workflows.objects import MAIN_CONTAINER, pod_objects
from idp.embedded.workflows.spec import Template
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest


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
            limit(run, call, template, node, scope)
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
    create(run, node, pod, own_rights=True)


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
