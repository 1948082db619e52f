"""A step or a task: its condition, its loop, its arguments, then its template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.embedded.workflows.decide.run import Call, Run
from idp.embedded.workflows.expressions import evaluate, parse
from idp.embedded.workflows.nodes import UNSUCCESSFUL, is_done, parameters_of
from idp.embedded.workflows.spec import Parameter, Step
from idp.embedded.workflows.substitution import substitute
from idp.kernel.errors import IdpError, InvalidInput, NotFound
from idp.kernel.resource import Manifest

_MAX_ITEMS = 1000
_MAX_ITEM_IN_NAME = 40


@dataclass(frozen=True)
class Frame:
    """The steps or dag that a call is made from.

    Attributes:
        call: The call that runs it.
        node: Its node.
        scope: Its variables.
    """

    call: Call
    node: Manifest
    scope: Mapping[str, str]


def invoke(run: Run, frame: Frame, step: Step, name: str) -> Manifest | None:
    """Start a step as the node `name`, or look how far it is; None while it may not start."""
    node = run.nodes.find(name)
    if node is not None and is_done(node) and node["type"] != "Suspend":
        return node
    if step.with_items is None and step.with_param is None:
        return _single(run, frame, step, name, step.name, frame.scope)
    if node is None and not run.may_start("", frame.call.on_exit):
        return None
    return _loop(run, frame, step, name)


def _single(
    run: Run, frame: Frame, step: Step, name: str, display_name: str, scope: Mapping[str, str]
) -> Manifest | None:
    arguments: dict[str, str] = {}
    if run.nodes.find(name) is None:
        if not run.may_start(frame.node["id"], frame.call.on_exit):
            return None
        try:
            if step.when is not None and not evaluate(
                parse(step.when), lambda text: substitute(text, scope)
            ):
                reason = f"when '{step.when}' evaluated false"
                return _never_run(run, frame, name, display_name, "Skipped", reason)
            arguments = {p.name: _argument(p, scope) for p in step.arguments.parameters}
        except IdpError as error:
            return _never_run(run, frame, name, display_name, "Error", str(error))
    return run.execute(
        run,
        Call(
            name,
            step.template,
            arguments,
            boundary=frame.node["id"],
            display_name=display_name,
            on_exit=frame.call.on_exit,
            depth=frame.call.depth + 1,
        ),
    )


def _argument(parameter: Parameter, scope: Mapping[str, str]) -> str:
    source, fallback = parameter.value, parameter.default
    if parameter.value_from is not None:
        source, fallback = parameter.value_from.parameter, parameter.value_from.default
    if source is None:
        raise InvalidInput(f"argument {parameter.name} has no value")
    try:
        return substitute(source, scope)
    except NotFound:
        if fallback is None:
            raise
        return fallback


def _never_run(
    run: Run, frame: Frame, name: str, display_name: str, phase: str, message: str
) -> Manifest:
    return run.nodes.start(
        name,
        "Skipped",
        boundary=frame.node["id"],
        display_name=display_name,
        phase=phase,
        message=message,
    )


# --- loops -------------------------------------------------------------------------------------


def _loop(run: Run, frame: Frame, step: Step, name: str) -> Manifest:
    """Run a step once for each item, as children of a TaskGroup node."""
    try:
        items = _items(step, frame.scope)
    except IdpError as error:
        return _never_run(run, frame, name, step.name, "Error", str(error))
    if not items:
        return _never_run(run, frame, name, step.name, "Skipped", "the list of items is empty")
    group = run.nodes.start(name, "TaskGroup", boundary=frame.node["id"], display_name=step.name)
    children = []
    for number, item in enumerate(items):
        label = f"({number}:{_text(item)[:_MAX_ITEM_IN_NAME]})"
        scope = {**frame.scope, **_item_variables(item)}
        child = _single(run, frame, step, name + label, step.name + label, scope)
        if child is not None:
            run.nodes.link(group, child)
            children.append(child)
    if not all(map(is_done, children)):
        return group
    if len(children) < len(items):
        if reason := run.halted(frame.call.on_exit):
            run.nodes.finish(group, "Failed", reason)
        return group
    failed = [child for child in children if child["phase"] in UNSUCCESSFUL]
    if failed:
        message = f"child '{failed[0]['displayName']}' failed: {failed[0].get('message', '')}"
        return run.nodes.finish(group, failed[0]["phase"], message)
    return run.nodes.finish(group, "Succeeded", outputs=_collected(children))


def _items(step: Step, scope: Mapping[str, str]) -> list[Any]:
    if step.with_items is not None:
        return step.with_items
    text = substitute(step.with_param or "", scope)
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"withParam is not JSON: {text[:80]!r}") from error
    if not isinstance(items, list) or len(items) > _MAX_ITEMS:
        raise InvalidInput(f"withParam is not a JSON list of at most {_MAX_ITEMS} items")
    return items


def _text(item: Any) -> str:
    return item if isinstance(item, str) else json.dumps(item, sort_keys=True)


def _item_variables(item: Any) -> dict[str, str]:
    variables = {"item": _text(item)}
    if isinstance(item, dict):
        variables |= {f"item.{key}": _text(value) for key, value in item.items()}
    return variables


def _collected(children: list[Manifest]) -> dict[str, str]:
    """Each output parameter of the children as a JSON list, in the order of the items."""
    outputs = [parameters_of(c, "outputs") for c in children if c["phase"] == "Succeeded"]
    names = dict.fromkeys(name for output in outputs for name in output)
    return {name: json.dumps([output.get(name) for output in outputs]) for name in names}
