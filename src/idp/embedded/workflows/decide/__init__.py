"""One pass over a workflow: (workflow, template, observed objects, now) -> decision. Pure.

1. A new workflow is resolved and checked as a whole; what cannot run here fails with every reason
   before anything is started.
2. From the entrypoint down, everything that is due is started and everything that can end is
   ended. All of it is a function of `status.nodes` and of what was observed, so a pass that is lost
   is made up for by the next.
3. When the entrypoint has ended, the exit handler runs. When that has ended, so has the workflow;
   later it is deleted if `ttlStrategy` says so.

The status is written *before* the actions of a decision are done: an object never exists without a
node that knows of it.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.embedded.workflows.decide.execute import execute
from idp.embedded.workflows.decide.run import Action, Call, Observed, Run
from idp.embedded.workflows.nodes import LEAF, UNSUCCESSFUL, Nodes, is_done
from idp.embedded.workflows.spec import TemplateRef, WorkflowSpec, merge_specs, parse_spec
from idp.embedded.workflows.validation import problems
from idp.kernel.clock import parse_timestamp, timestamp
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest

__all__ = ["TEMPLATE_PATIENCE", "Action", "Decision", "Observed", "decide"]

ENDED = frozenset({"Succeeded", "Failed", "Error"})
TEMPLATE_PATIENCE = timedelta(seconds=60)
"""How long a workflow waits for its template: at a start both may be applied at once."""
_TEMPLATE_POLL = timedelta(seconds=2)


@dataclass(frozen=True)
class Decision:
    """What a pass came to.

    Attributes:
        status: The whole new status.
        actions: What to do at the API after the status is written.
        wake_at: When the next pass is due without any change; None for never.
        delete: Whether the workflow's time after its end is over.
    """

    status: Manifest
    actions: list[Action] = field(default_factory=list)
    wake_at: datetime | None = None
    delete: bool = False


def decide(
    workflow: Manifest, template: Manifest | None, observed: Observed, now: datetime
) -> Decision:
    """Decide the next state of a workflow.

    Args:
        workflow: The Workflow; it is not changed.
        template: The WorkflowTemplate or ClusterWorkflowTemplate that it refers to, if it exists.
        observed: Objects of its nodes.
        now: The present moment.
    """
    workflow = copy.deepcopy(workflow)
    status: Manifest = workflow.setdefault("status", {}) or {}
    workflow["status"] = status
    if status.get("phase") in ENDED:
        return _after_the_end(workflow, status, now)
    if not status.get("startedAt"):
        waiting = _begin(workflow, status, template, now)
        if waiting is not None:
            return waiting
    try:
        spec = _spec(workflow, status)
    except IdpError as error:  # the spec was changed while it ran
        return Decision(_end(status, "Error", f"invalid spec: {error}", now))
    return _pass(workflow, status, spec, observed, now)


# --- beginning ---------------------------------------------------------------------------------


def _begin(
    workflow: Manifest, status: Manifest, template: Manifest | None, now: datetime
) -> Decision | None:
    """Resolve, check and start; a decision when there is nothing more to do in this pass."""
    own = workflow.get("spec") or {}
    try:
        reference = parse_spec(own).workflow_template_ref
        if reference is not None and template is None:
            return _without_template(workflow, status, reference, now)
        if template is not None:
            parse_spec(template["spec"])
            status["storedWorkflowTemplateSpec"] = merge_specs(own, template["spec"])
        found = problems(workflow["metadata"]["name"], _spec(workflow, status))
    except IdpError as error:
        found = [str(error)]
    status["startedAt"] = timestamp(now)
    if found:
        return Decision(_end(status, "Failed", f"invalid spec: {'; '.join(found)}", now))
    status["phase"] = "Running"
    status["nodes"] = {}
    status["progress"] = "0/0"
    return None


def _without_template(
    workflow: Manifest, status: Manifest, reference: TemplateRef, now: datetime
) -> Decision:
    kind = "ClusterWorkflowTemplate" if reference.cluster_scope else "WorkflowTemplate"
    name = f"{kind} {reference.name}"
    deadline = parse_timestamp(workflow["metadata"]["creationTimestamp"]) + TEMPLATE_PATIENCE
    if now >= deadline:
        status["startedAt"] = timestamp(now)
        return Decision(_end(status, "Failed", f"invalid spec: {name} does not exist", now))
    status["phase"] = "Pending"
    status["message"] = f"waits for {name}"
    return Decision(status, wake_at=min(now + _TEMPLATE_POLL, deadline))


def _spec(workflow: Manifest, status: Manifest) -> WorkflowSpec:
    """The stored spec where there is one, with what may change while it runs."""
    own = workflow.get("spec") or {}
    stored = status.get("storedWorkflowTemplateSpec")
    if stored is None:
        return parse_spec(own)
    live = {field: own.get(field) for field in ("suspend", "shutdown")}
    return parse_spec({**stored, **live})


# --- running -----------------------------------------------------------------------------------


def _pass(
    workflow: Manifest, status: Manifest, spec: WorkflowSpec, observed: Observed, now: datetime
) -> Decision:
    name = workflow["metadata"]["name"]
    run = Run(
        workflow=workflow,
        spec=spec,
        nodes=Nodes(name, status.setdefault("nodes", {}), now),
        variables=_variables(workflow, spec),
        observed=observed,
        now=now,
        execute=execute,
    )
    status.pop("message", None)
    main = run.execute(run, Call(name, spec.entrypoint, _arguments(run)))
    outcome = _outcome(run, main, run.nodes.find(name))
    status["progress"] = _progress(run.nodes)
    if outcome is None:
        if spec.suspend:
            status["message"] = "suspended: nothing new is started (spec.suspend)"
        return Decision(status, run.actions, run.wake_at)
    phase, message = outcome
    return Decision(_end(status, phase, message, now), run.actions)


def _outcome(run: Run, main: Manifest | None, node: Manifest | None) -> tuple[str, str] | None:
    """Phase and message of the whole; None while something is to be done."""
    if main is None:
        reason = run.halted(on_exit=False)
        if not reason:
            return None
        phase, message = "Failed", reason
    elif not is_done(main):
        return None
    else:
        phase = main["phase"] if main["phase"] in ENDED else "Succeeded"
        message = main.get("message", "") if phase in UNSUCCESSFUL else ""
    if run.spec.on_exit is None or run.halted(on_exit=True):
        return phase, message
    run.variables["workflow.status"] = phase
    run.variables["workflow.failures"] = _failures(run.nodes)
    started = parse_timestamp(run.workflow["status"]["startedAt"])
    run.variables["workflow.duration"] = f"{(run.now - started).total_seconds():.6f}"
    handler = run.execute(
        run, Call(f"{run.name}.onExit", run.spec.on_exit, _arguments(run), on_exit=True)
    )
    if handler is None or not is_done(handler):
        return None
    if handler["phase"] in UNSUCCESSFUL:
        return handler["phase"], f"exit handler failed: {handler.get('message', '')}"
    return phase, message


def _variables(workflow: Manifest, spec: WorkflowSpec) -> dict[str, str]:
    meta = workflow["metadata"]
    variables = {
        "workflow.name": meta["name"],
        "workflow.namespace": meta.get("namespace") or "default",
        "workflow.uid": meta["uid"],
        "workflow.creationTimestamp": meta["creationTimestamp"],
        "workflow.serviceAccountName": spec.service_account_name or "default",
    }
    for parameter in spec.arguments.parameters:
        value = parameter.value if parameter.value is not None else parameter.default
        variables[f"workflow.parameters.{parameter.name}"] = value or ""
    for side in ("labels", "annotations"):
        for key, value in (meta.get(side) or {}).items():
            variables[f"workflow.{side}.{key}"] = value
    return variables


def _arguments(run: Run) -> dict[str, str]:
    prefix = "workflow.parameters."
    return {k.removeprefix(prefix): v for k, v in run.variables.items() if k.startswith(prefix)}


def _progress(nodes: Nodes) -> str:
    leaves = [node for node in nodes if node["type"] == LEAF]
    return f"{sum(map(is_done, leaves))}/{len(leaves)}"


def _failures(nodes: Nodes) -> str:
    fields = ("displayName", "message", "templateName", "phase", "finishedAt")
    failed = [node for node in nodes if node["phase"] in UNSUCCESSFUL]
    return json.dumps([{field: node.get(field, "") for field in fields} for node in failed])


# --- ending ------------------------------------------------------------------------------------


def _end(status: Manifest, phase: str, message: str, now: datetime) -> Manifest:
    status["phase"] = phase
    status["finishedAt"] = timestamp(now)
    status.pop("message", None)
    if message:
        status["message"] = message
    status["conditions"] = [{"type": "Completed", "status": "True"}]
    return status


def _after_the_end(workflow: Manifest, status: Manifest, now: datetime) -> Decision:
    spec = status.get("storedWorkflowTemplateSpec") or workflow.get("spec") or {}
    ttl = spec.get("ttlStrategy")
    if not isinstance(ttl, dict):  # of a spec that was refused it may be anything
        return Decision(status)
    specific = "secondsAfterSuccess" if status["phase"] == "Succeeded" else "secondsAfterFailure"
    seconds = ttl.get(specific, ttl.get("secondsAfterCompletion"))
    if not isinstance(seconds, int):
        return Decision(status)
    due = parse_timestamp(status["finishedAt"]) + timedelta(seconds=seconds)
    return Decision(status, wake_at=due, delete=now >= due)
