"""`resource`: one verb on one object of the API, then a wait for its conditions."""

from __future__ import annotations

from idp.embedded.workflows.decide.leaf import POLL, create, limit, reference_of
from idp.embedded.workflows.decide.outputs import resource_outputs
from idp.embedded.workflows.decide.run import Action, Call, Run
from idp.embedded.workflows.nodes import LEAF, is_done
from idp.embedded.workflows.objects import resource_object
from idp.embedded.workflows.resource_conditions import all_met, first_met
from idp.embedded.workflows.spec import ResourceAction, Template
from idp.embedded.workflows.substitution import substitute
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest

_EXPLAINING = ("message", "reason")


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
            limit(run, call, template, node, scope)
    except IdpError as error:
        return run.nodes.finish(node, "Error", str(error))
    return node


def _act(run: Run, template: Template, node: Manifest, scope: dict[str, str]) -> None:
    resource = template.resource
    assert resource is not None
    manifest = resource_object(template, run.workflow, node, scope)
    node["resource"] = reference_of(manifest)
    if resource.action == "create":
        create(run, node, manifest)
    elif resource.action == "get" or node["id"] in run.observed.done:
        node["phase"] = "Running"
    else:
        run.actions.append(Action(node["id"], resource.action, manifest))


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
    def fill(text: str) -> str:
        return substitute(text, scope)

    success = resource.success_condition
    if (met := first_met(resource.failure_condition, live, fill)) is not None:
        run.nodes.finish(node, "Failed", f"failure condition '{met}' is met{_explained(live)}")
    elif all_met(success, live, fill):
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
