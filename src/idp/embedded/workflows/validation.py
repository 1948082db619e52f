"""What is refused before anything starts. Pure.

Every problem of a spec is named at once, each with its place, so that a workflow either cannot
start or does not fail half-way for a reason that was known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from idp.embedded.workflows import jsonpath
from idp.embedded.workflows.durations import parse_duration
from idp.embedded.workflows.expressions import parse
from idp.embedded.workflows.graph import Graph
from idp.embedded.workflows.resource_conditions import parse_condition
from idp.embedded.workflows.spec import (
    Dag,
    Parameter,
    ResourceAction,
    RetryStrategy,
    Step,
    Template,
    WorkflowSpec,
)
from idp.embedded.workflows.substitution import VARIABLE, ParsedManifest, variables_in
from idp.kernel.errors import IdpError

_KNOWN_VARIABLES = re.compile(
    r"workflow\.(name|namespace|uid|serviceAccountName|creationTimestamp|status|failures|duration"
    r"|parameters\.[\w-]+|labels\.[\w./-]+|annotations\.[\w./-]+)"
    r"|inputs\.parameters\.[\w-]+"
    r"|(steps|tasks)\.[\w-]+\.(id|status|startedAt|finishedAt|exitCode"
    r"|outputs\.parameters\.[\w-]+)"
    r"|item(\.[\w-]+)?|node\.name|pod\.name|retries"
)
_MAX_WORKFLOW_NAME = 63
_OUTPUTS = {
    "steps": "parameter",
    "dag": "parameter",
    "resource": "jsonPath",
    "suspend": "supplied",
}


def problems(name: str, spec: WorkflowSpec) -> list[str]:
    """All reasons for which a workflow cannot run here; empty when it can."""
    found = list(_of_workflow(name, spec))
    for template in spec.templates:
        place = f"spec.templates[{template.name}]"
        found += [f"{place}{problem}" for problem in _of_template(spec, template)]
    return found


def _of_workflow(name: str, spec: WorkflowSpec) -> Iterator[str]:
    if len(name) > _MAX_WORKFLOW_NAME:
        yield f"metadata.name: over {_MAX_WORKFLOW_NAME} characters"
    names = [template.name for template in spec.templates]
    for twice in sorted({n for n in names if names.count(n) > 1}):
        yield f"spec.templates: {twice!r} is there twice"
    if not spec.entrypoint:
        yield "spec.entrypoint: is required"
    for field, template in (("entrypoint", spec.entrypoint), ("onExit", spec.on_exit)):
        if template and template not in names:
            yield f"spec.{field}: there is no template {template!r}"
    for parameter in spec.arguments.parameters:
        if parameter.value_from is not None:
            yield f"spec.arguments.parameters[{parameter.name}].valueFrom: not supported"
        elif parameter.value is None and parameter.default is None:
            yield f"spec.arguments.parameters[{parameter.name}]: has no value"
        elif parameter.enum is not None and parameter.value not in [None, *parameter.enum]:
            allowed = ", ".join(parameter.enum)
            yield f"spec.arguments.parameters[{parameter.name}]: is none of: {allowed}"


def _of_template(spec: WorkflowSpec, template: Template) -> Iterator[str]:
    if template.kind not in (*_OUTPUTS, "container", "script"):
        forms = "steps, dag, resource, suspend, container, script"
        yield f": needs exactly one of {forms}, has {template.kind or 'none'}"
        return
    yield from _variables(template)
    yield from _outputs(template)
    for parameter in template.inputs.parameters:
        if parameter.value_from is not None:
            yield f".inputs.parameters[{parameter.name}].valueFrom: not supported"
    for field, text in (
        ("activeDeadlineSeconds", template.active_deadline_seconds),
        ("timeout", template.timeout),
    ):
        if text is not None and template.kind in ("steps", "dag", "suspend"):
            yield f".{field}: not supported on {template.kind}"
        elif text is not None:
            yield from _unless_variable(text, f".{field}")
    if template.suspend is not None and template.suspend.duration is not None:
        yield from _unless_variable(template.suspend.duration, ".suspend.duration")
    if template.retry_strategy is not None:
        yield from _retry(template.retry_strategy)
    if template.resource is not None:
        yield from _resource(template.resource)
    if (template.script or template.container) is not None:
        yield from _container(template)
    for step in template.called():
        yield from _step(spec, step)
    if template.dag is not None:
        yield from _graph(template.dag)


def _variables(template: Template) -> Iterator[str]:
    body = template.model_dump(by_alias=True, exclude_none=True)
    for name in dict.fromkeys(variables_in(body)):
        if name.startswith("="):
            yield f": expression tags such as {{{{{name[:40]}}}}} are not supported"
        elif name.endswith("outputs.result") or ".outputs.artifacts" in name:
            yield f": {{{{{name}}}}} is not supported: use an output parameter of a resource"
        elif not _KNOWN_VARIABLES.fullmatch(name):
            yield f": there is no variable {{{{{name}}}}}"


def _outputs(template: Template) -> Iterator[str]:
    source = _OUTPUTS.get(template.kind)
    for parameter in template.outputs.parameters:
        place = f".outputs.parameters[{parameter.name}]"
        if source is None:
            yield f"{place}: not supported on {template.kind}: files of pods are not read"
        elif not _has_source(parameter, source):
            yield f"{place}: needs valueFrom.{source} on {template.kind}"
        elif parameter.value_from is not None and parameter.value_from.json_path is not None:
            path = parameter.value_from.json_path
            yield from _refused(jsonpath.check, path, place)


def _has_source(parameter: Parameter, source: str) -> bool:
    value_from = parameter.value_from
    if value_from is None:
        return source == "parameter" and parameter.value is not None
    return {
        "parameter": value_from.parameter,
        "jsonPath": value_from.json_path,
        "supplied": value_from.supplied,
    }[source] is not None


def _retry(strategy: RetryStrategy) -> Iterator[str]:
    place = ".retryStrategy"
    if strategy.limit is not None and not strategy.limit.isdigit():
        yield f"{place}.limit: {strategy.limit!r} is not a number"
    backoff = strategy.backoff
    if backoff is None:
        return
    for text in (backoff.duration, backoff.max_duration, backoff.cap):
        if text is not None:
            yield from _refused(parse_duration, text, f"{place}.backoff")
    if backoff.factor is not None and not re.fullmatch(r"[1-9]\d{0,3}(\.\d+)?", backoff.factor):
        yield f"{place}.backoff.factor: {backoff.factor!r} is not a number of at least 1"


def _resource(resource: ResourceAction) -> Iterator[str]:
    yield from _refused(ParsedManifest, resource.manifest, ".resource.manifest")
    for field, condition in (
        ("successCondition", resource.success_condition),
        ("failureCondition", resource.failure_condition),
    ):
        yield from _refused(parse_condition, condition or "", f".resource.{field}")
    if resource.action == "patch" and resource.merge_strategy is None:
        yield ".resource.mergeStrategy: write `merge`; strategic and JSON patches are not supported"
    if resource.action != "patch" and resource.merge_strategy is not None:
        yield ".resource.mergeStrategy: only for the action patch"
    if resource.set_owner_reference and resource.action not in ("create", "apply"):
        yield ".resource.setOwnerReference: only for the actions create and apply"


def _container(template: Template) -> Iterator[str]:
    body = template.script if template.script is not None else template.container or {}
    form = template.kind
    if not isinstance(body.get("image"), str):
        yield f".{form}.image: is required"
    if template.script is not None and not isinstance(body.get("source"), str):
        yield ".script.source: is required"
    if template.script is not None and "args" in body:
        yield ".script.args: not supported: a script gets no arguments"


def _step(spec: WorkflowSpec, step: Step) -> Iterator[str]:
    place = f".{step.name}"
    called = next((t for t in spec.templates if t.name == step.template), None)
    if called is None:
        yield f"{place}: there is no template {step.template!r}"
    if step.when is not None:
        yield from _refused(parse, step.when, f"{place}.when")
    if step.with_items is not None and step.with_param is not None:
        yield f"{place}: has both withItems and withParam"
    for parameter in step.arguments.parameters:
        source = parameter.value_from.parameter if parameter.value_from else parameter.value
        if source is None:
            yield f"{place}.arguments.parameters[{parameter.name}]: has no value"
    if called is None:
        return
    given = {parameter.name for parameter in step.arguments.parameters}
    for wanted in called.inputs.parameters:
        if wanted.name not in given and wanted.value is None and wanted.default is None:
            yield f"{place}: template {called.name} needs the parameter {wanted.name!r}"


def _graph(dag: Dag) -> Iterator[str]:
    try:
        Graph(dag)
    except IdpError as error:
        yield f".dag: {error}"


def _unless_variable(text: str, place: str) -> Iterator[str]:
    if not VARIABLE.search(text):
        yield from _refused(parse_duration, text, place)


def _refused(check: Callable[[str], object], text: str, place: str) -> Iterator[str]:
    """The message with which a check refuses a text."""
    try:
        check(text)
    except IdpError as error:
        yield f"{place}: {error}"
