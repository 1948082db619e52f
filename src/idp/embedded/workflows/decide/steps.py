"""`steps`: groups one after another, the steps of a group side by side."""

from __future__ import annotations

from idp.embedded.workflows.decide.invoke import Frame, invoke
from idp.embedded.workflows.decide.outputs import composite_outputs
from idp.embedded.workflows.decide.run import Call, Run, node_variables
from idp.embedded.workflows.graph import continues
from idp.embedded.workflows.nodes import UNSUCCESSFUL, is_done
from idp.embedded.workflows.spec import Step, Template
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest


def run_steps(run: Run, call: Call, template: Template, scope: dict[str, str]) -> Manifest:
    """Go on with the first group that has not ended."""
    node = run.begin(call, "Steps", scope)
    before = [node]
    for number, group in enumerate(template.steps or []):
        group_node = run.nodes.start(
            f"{call.name}[{number}]", "StepGroup", boundary=node["id"], display_name=f"[{number}]"
        )
        for previous in before:
            run.nodes.link(previous, group_node)
        children = _run_group(run, Frame(call, node, scope), group, group_node)
        if not is_done(group_node):
            return node
        if group_node["phase"] in UNSUCCESSFUL:
            return run.nodes.finish(node, group_node["phase"], group_node.get("message", ""))
        before = list(children.values()) or [group_node]
        for step, child in children.items():
            scope = {**scope, **node_variables(f"steps.{step}", child)}
    try:
        outputs = composite_outputs(template, scope)
    except IdpError as error:
        return run.nodes.finish(node, "Error", str(error))
    return run.nodes.finish(node, "Succeeded", outputs=outputs)


def _run_group(
    run: Run, frame: Frame, group: list[Step], group_node: Manifest
) -> dict[str, Manifest]:
    """Run a group and end its node when all its steps have; returns the nodes of its steps."""
    children: dict[str, Manifest] = {}
    for step in group:
        child = invoke(run, frame, step, f"{group_node['name']}.{step.name}")
        if child is not None:
            run.nodes.link(group_node, child)
            children[step.name] = child
    if is_done(group_node) or not all(map(is_done, children.values())):
        return children
    if len(children) < len(group):
        if reason := run.halted(frame.call.on_exit):
            run.nodes.finish(group_node, "Failed", reason)
        return children
    for step in group:
        child = children[step.name]
        if child["phase"] in UNSUCCESSFUL and not continues(step, child["phase"]):
            message = f"child '{step.name}' failed: {child.get('message', '')}"
            run.nodes.finish(group_node, child["phase"], message)
            return children
    run.nodes.finish(group_node, "Succeeded")
    return children
