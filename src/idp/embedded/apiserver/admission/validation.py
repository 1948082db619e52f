"""Whether a policy or a binding may be stored: its fields fit and its expressions compile. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson

from idp.embedded.apiserver.admission.policy import (
    compile_condition,
    compile_message,
    compile_validation,
)
from idp.embedded.apiserver.cel.program import CompileError, Program
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized")
_ACTIONS = ("Audit", "Deny", "Warn")
_OPERATIONS = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")


def policy_errors(manifest: Manifest) -> list[Cause]:
    """What is wrong with a ValidatingAdmissionPolicy or a ValidatingAdmissionPolicyBinding."""
    spec = manifest.get("spec") or {}
    if manifest.get("kind") == "ValidatingAdmissionPolicyBinding":
        return list(_binding_errors(spec))
    return [*_constraint_errors(spec), *_expression_errors(spec)]


def _binding_errors(spec: Manifest) -> Iterator[Cause]:
    if not spec.get("policyName"):
        yield _required("spec.policyName")
    actions = spec.get("validationActions") or ()
    if not actions:
        yield _required("spec.validationActions")
    for index, action in enumerate(actions):
        yield from _supported(f"spec.validationActions[{index}]", action, _ACTIONS)
    if "Deny" in actions and "Warn" in actions:
        shown = orjson.dumps(actions).decode()
        detail = "must not contain both Deny and Warn (repeating the same validation failure "
        detail += "information in the API response and headers serves no purpose)"
        yield Cause("spec.validationActions", f"Invalid value: {shown}: {detail}")
    if (reference := spec.get("paramRef")) is not None:
        if bool(reference.get("name")) == (reference.get("selector") is not None):
            detail = "one of name or selector must be specified"
            yield _required("spec.paramRef", detail)
        at = "spec.paramRef.parameterNotFoundAction"
        action = reference.get("parameterNotFoundAction")
        yield from [_required(at)] if not action else _supported(at, action, ("Allow", "Deny"))


def _constraint_errors(spec: Manifest) -> Iterator[Cause]:
    constraints = spec.get("matchConstraints") or {}
    if policy := spec.get("failurePolicy"):
        yield from _supported("spec.failurePolicy", policy, ("Fail", "Ignore"))
    if policy := constraints.get("matchPolicy"):
        at = "spec.matchConstraints.matchPolicy"
        yield from _supported(at, policy, ("Equivalent", "Exact"))
    rules = constraints.get("resourceRules") or ()
    if "matchConstraints" not in spec:
        yield _required("spec.matchConstraints")
    elif not rules:
        yield _required("spec.matchConstraints.resourceRules")
    for index, rule in enumerate(rules):
        at = f"spec.matchConstraints.resourceRules[{index}]"
        for name in ("apiGroups", "apiVersions", "operations", "resources"):
            if not rule.get(name):
                yield _required(f"{at}.{name}")
        for position, operation in enumerate(rule.get("operations") or ()):
            yield from _supported(f"{at}.operations[{position}]", operation, _OPERATIONS)


def _expression_errors(spec: Manifest) -> Iterator[Cause]:
    variables: dict[str, Program] = {}
    for index, variable in enumerate(spec.get("variables") or ()):
        at = f"spec.variables[{index}]"
        name, source = variable.get("name", ""), variable.get("expression", "")
        if not name.isidentifier():
            yield Cause(
                f"{at}.name", f"Invalid value: {_shown(name)}: name is not a valid CEL name"
            )
        if name in variables:
            yield Cause(f"{at}.name", f"Duplicate value: {_shown(name)}", "FieldValueDuplicate")
        program, cause = _compiled(f"{at}.expression", source, lambda s: _in(s, variables))
        yield from cause
        if program is not None:
            variables[name] = program
    for index, condition in enumerate(spec.get("matchConditions") or ()):
        at = f"spec.matchConditions[{index}]"
        if not condition.get("name"):
            yield _required(f"{at}.name")
        source = condition.get("expression", "")
        yield from _compiled(f"{at}.expression", source, compile_condition)[1]
    yield from _validation_errors(spec, variables)
    yield from _annotation_errors(spec, variables)


def _validation_errors(spec: Manifest, variables: dict[str, Program]) -> Iterator[Cause]:
    validations = spec.get("validations") or ()
    if not validations and not spec.get("auditAnnotations"):
        detail = "validations or auditAnnotations must be specified"
        yield _required("spec.validations", detail)
    for index, validation in enumerate(validations):
        at = f"spec.validations[{index}]"
        source = validation.get("expression", "")
        yield from _compiled(f"{at}.expression", source, lambda s: _in(s, variables))[1]
        if message := validation.get("messageExpression"):
            at_message = f"{at}.messageExpression"
            yield from _compiled(at_message, message, lambda s: compile_message(s, variables))[1]
        if reason := validation.get("reason"):
            yield from _supported(f"{at}.reason", reason, _REASONS)


def _annotation_errors(spec: Manifest, variables: dict[str, Program]) -> Iterator[Cause]:
    for index, annotation in enumerate(spec.get("auditAnnotations") or ()):
        at = f"spec.auditAnnotations[{index}]"
        if not annotation.get("key"):
            yield _required(f"{at}.key")
        source = annotation.get("valueExpression", "")
        yield from _compiled(f"{at}.valueExpression", source, lambda s: _in(s, variables))[1]


def _in(source: str, variables: dict[str, Program]) -> Program:
    return compile_validation(source, variables)


def _compiled(
    at: str, source: str, compile: Callable[[str], Program]
) -> tuple[Program | None, list[Cause]]:
    if not source.strip():
        return None, [_required(at)]
    try:
        return compile(source), []
    except CompileError as error:
        return None, [Cause(at, f"Invalid value: {_shown(source)}: {error}")]


def _required(at: str, detail: str = "") -> Cause:
    return Cause(at, "Required value" + (f": {detail}" if detail else ""), "FieldValueRequired")


def _supported(at: str, value: str, values: tuple[str, ...]) -> list[Cause]:
    if value in values:
        return []
    supported = ", ".join(_shown(v) for v in values)
    message = f"Unsupported value: {_shown(value)}: supported values: {supported}"
    return [Cause(at, message, "FieldValueNotSupported")]


def _shown(text: str) -> str:
    return orjson.dumps(text).decode()
