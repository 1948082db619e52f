"""`suspend`: waits for a person, or for a duration.

A person resumes it as Argo's clients do: by a patch of the workflow that sets the node's phase to
`Succeeded` (or `Failed`) and, where the template asks for parameters, their values in its outputs.
"""

from __future__ import annotations

from idp.embedded.workflows.decide.run import Call, Run
from idp.embedded.workflows.durations import parse_duration
from idp.embedded.workflows.nodes import started_at
from idp.embedded.workflows.spec import Template
from idp.embedded.workflows.substitution import substitute
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest


def run_suspend(run: Run, call: Call, template: Template, scope: dict[str, str]) -> Manifest:
    """Wait; an ended node never comes here."""
    assert template.suspend is not None
    node = run.begin(call, "Suspend", scope)
    if reason := run.halted(call.on_exit):
        return run.nodes.finish(node, "Failed", reason)
    if template.suspend.duration is None:
        return node
    try:
        until = started_at(node) + parse_duration(substitute(template.suspend.duration, scope))
    except IdpError as error:
        return run.nodes.finish(node, "Error", str(error))
    if run.now >= until:
        return run.nodes.finish(node, "Succeeded")
    run.wake(until)
    return node
