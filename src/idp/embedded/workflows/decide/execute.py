"""Runs a call of a template: binds its inputs, then gives it to what runs its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from idp.embedded.workflows.decide.dag import run_dag
from idp.embedded.workflows.decide.pod import run_container
from idp.embedded.workflows.decide.resource import run_resource
from idp.embedded.workflows.decide.retry import run_with_retries
from idp.embedded.workflows.decide.run import MAX_DEPTH, Call, Run
from idp.embedded.workflows.decide.steps import run_steps
from idp.embedded.workflows.decide.suspend import resumed, run_suspend
from idp.embedded.workflows.nodes import is_done, parameters_of
from idp.embedded.workflows.spec import Parameter, Template
from idp.embedded.workflows.substitution import substitute
from idp.kernel.errors import IdpError, InvalidInput
from idp.kernel.resource import Manifest

Runner = Callable[[Run, Call, Template, dict[str, str]], Manifest | None]

_RUNNERS: Mapping[str, Runner] = {
    "steps": run_steps,
    "dag": run_dag,
    "resource": run_resource,
    "suspend": run_suspend,
    "container": run_container,
    "script": run_container,
}


def execute(run: Run, call: Call) -> Manifest | None:
    """Start a call, or look how far it is.

    Returns:
        Its node; None while it may not be started yet.
    """
    node = run.nodes.find(call.name)
    if node is not None and is_done(node):
        if node["type"] == "Suspend":
            return resumed(run, node, run.spec.template(call.template))
        return node
    if node is None and not run.may_start(call.boundary, call.on_exit):
        return None
    template = run.spec.template(call.template)
    try:
        # A node keeps the inputs that it was started with.
        inputs = parameters_of(node, "inputs") if node is not None else _inputs(run, call, template)
    except IdpError as error:
        return run.nodes.start(
            call.name,
            "Skipped",
            boundary=call.boundary,
            template=call.template,
            display_name=call.display_name,
            phase="Error",
            message=str(error),
        )
    scope = run.scope(call, template, inputs)
    if template.retry_strategy is not None and call.attempt is None:
        return run_with_retries(run, call, template.retry_strategy, inputs, scope)
    return _RUNNERS[template.kind](run, call, template, scope)


def _inputs(run: Run, call: Call, template: Template) -> dict[str, str]:
    if call.depth > MAX_DEPTH:
        raise InvalidInput(f"template {template.name} is called more than {MAX_DEPTH} deep")
    return {p.name: _bind(run, p, call.arguments) for p in template.inputs.parameters}


def _bind(run: Run, parameter: Parameter, arguments: Mapping[str, str]) -> str:
    if parameter.name in arguments:
        value = arguments[parameter.name]
    else:
        default = parameter.value if parameter.value is not None else parameter.default
        if default is None:
            raise InvalidInput(f"inputs.parameters.{parameter.name} was not supplied")
        value = substitute(default, run.variables)
    if parameter.enum is not None and value not in parameter.enum:
        allowed = ", ".join(parameter.enum)
        raise InvalidInput(
            f"inputs.parameters.{parameter.name} is {value!r}, which is none of: {allowed}"
        )
    return value
