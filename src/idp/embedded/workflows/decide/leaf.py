"""Leaf nodes: what runs outside of the engine, as an object of the API.

A leaf is *recorded* as `Pending` with a reference to its object before anything is done. The next
passes look at the object: absent, it is created; there, the node is `Running` until the object
meets a condition. So a kill between recording and creating, or between creating and recording,
costs one more look and never a second object.
"""

from __future__ import annotations

from datetime import timedelta

from idp.embedded.workflows.decide.run import Action, Call, Run
from idp.embedded.workflows.durations import parse_duration
from idp.embedded.workflows.nodes import is_done, started_at
from idp.embedded.workflows.objects import NODE_ID, WORKFLOW_LABEL
from idp.embedded.workflows.spec import Template
from idp.embedded.workflows.substitution import substitute
from idp.kernel.resource import Manifest

POLL = timedelta(seconds=5)
"""Between two looks at an object from which no watch leads to the workflow."""


def reference_of(manifest: Manifest) -> Manifest:
    """What a node keeps of its object; not a field of Argo, whose nodes are found by their pods."""
    meta = manifest["metadata"]
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "namespace": meta["namespace"],
        "name": meta["name"],
    }


def create(run: Run, node: Manifest, manifest: Manifest, *, own_rights: bool = False) -> None:
    """Create the object of a recorded node, unless it is there; then see whose it is."""
    live = run.observed.objects.get(node["id"])
    if live is None:
        run.actions.append(Action(node["id"], "create", manifest, own_rights=own_rights))
        return
    meta = live["metadata"]
    maker = str((meta.get("annotations") or {}).get(NODE_ID, ""))
    ours = (meta.get("labels") or {}).get(WORKFLOW_LABEL) == run.name
    if ours and maker == node["id"]:
        node["phase"] = "Running"
    elif ours and meta.get("deletionTimestamp"):
        run.wake(run.now + POLL)
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


def limit(run: Run, call: Call, template: Template, node: Manifest, scope: dict[str, str]) -> None:
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
            waited = f": {node['message']}" if node.get("message") else ""
            return f"exceeded its {name} of {text}{waited}"
        run.wake(deadline)
    return ""
