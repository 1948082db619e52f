"""`suspend`: waits for a person, or for a duration.

A person resumes it as Argo's clients do: by a patch of the workflow's status that sets the node's
phase to `Succeeded` (or `Failed`) and, where the template asks for parameters, their values in its
outputs. The node says which parameters it asks for from the start.
"""

from __future__ import annotations

from idp.embedded.workflows.decide.outputs import supplied_outputs
from idp.embedded.workflows.decide.run import Call, Run
from idp.embedded.workflows.durations import parse_duration
from idp.embedded.workflows.nodes import parameters_of, started_at
from idp.embedded.workflows.spec import Template
from idp.embedded.workflows.substitution import substitute
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest


def run_suspend(run: Run, call: Call, template: Template, scope: dict[str, str]) -> Manifest:
    """Wait; an ended node never comes here."""
    assert template.suspend is not None
    node = run.begin(call, "Suspend", scope)
    if template.outputs.parameters and "outputs" not in node:
        asked = template.outputs.model_dump(by_alias=True, exclude_none=True)
        node["outputs"] = {"parameters": asked["parameters"]}
    if reason := run.halted(call.on_exit):
        return run.nodes.finish(node, "Failed", reason)
    if template.suspend.duration is None:
        return node
    try:
        until = started_at(node) + parse_duration(substitute(template.suspend.duration, scope))
    except IdpError as error:
        return run.nodes.finish(node, "Error", str(error))
    if run.now < until:
        run.wake(until)
        return node
    node["phase"] = "Succeeded"
    return resumed(run, node, template)


def resumed(run: Run, node: Manifest, template: Template) -> Manifest:
    """Complete a node that a person, or its duration, has ended; once done it changes nothing."""
    given = parameters_of(node, "outputs")
    complete = all(parameter.name in given for parameter in template.outputs.parameters)
    if "finishedAt" in node and (complete or node["phase"] != "Succeeded"):
        return node
    message = node.get("message", "")
    if node["phase"] != "Succeeded":
        return run.nodes.finish(node, node["phase"], message)
    try:
        outputs = supplied_outputs(template, given)
    except IdpError as error:
        return run.nodes.finish(node, "Error", str(error))
    return run.nodes.finish(node, "Succeeded", message, outputs=outputs)
