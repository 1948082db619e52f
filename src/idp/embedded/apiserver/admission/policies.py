"""All policies and bindings of the server, applied to one request after the other.

For each policy whose constraints match, for each of its bindings that match, for each parameter
that the binding selects: if the match conditions hold, the validations are evaluated. A denial
counts as the binding's `validationActions` say: `Deny` refuses the request, `Warn` tells the
client, `Audit` writes it into the audit record. What cannot be evaluated is a denial, unless the
policy's `failurePolicy` is `Ignore`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from idp.embedded.apiserver.access.ports import ObjectLookup
from idp.embedded.apiserver.access.rbac import RbacAuthorizer, refusal
from idp.embedded.apiserver.admission.authorization import (
    authorizer_functions,
    authorizer_variable,
)
from idp.embedded.apiserver.admission.matching import EXEMPT, matches
from idp.embedded.apiserver.admission.parameters import ParameterProblem, parameters
from idp.embedded.apiserver.admission.policy import CompiledPolicy, Denial
from idp.embedded.apiserver.admission.request import AdmissionRequest
from idp.embedded.apiserver.cel.program import CompileError, EvaluationError
from idp.kernel.errors import Cause, Forbidden, IdpError, Invalid, TooLarge, Unauthorized
from idp.kernel.resource import Manifest

_GROUP = "admissionregistration.k8s.io"
_MAX_ANNOTATION = 10 * 1024
_MAX_FAILURES = 50
_FAILURES_KEY = "validation.policy.admission.k8s.io/validation_failure"
_ERRORS: dict[str, type[IdpError]] = {
    cls.code: cls for cls in (Forbidden, Unauthorized, TooLarge, Invalid)
}


@dataclass(frozen=True, slots=True)
class _Finding:
    """A denial, and the policy and binding that it comes from."""

    policy: str
    binding: str
    actions: tuple[str, ...]
    denial: Denial

    @property
    def message(self) -> str:
        by = f" with binding '{self.binding}'" if self.binding else ""
        return (
            f"ValidatingAdmissionPolicy '{self.policy}'{by} denied request: {self.denial.message}"
        )


class AdmissionPolicies:
    """Applies the stored policies."""

    def __init__(self, lookup: ObjectLookup, authorizer: RbacAuthorizer) -> None:
        self._lookup = lookup
        self._authorizer = authorizer
        self._compiled: dict[tuple[str, str], CompiledPolicy] = {}

    def validate(self, request: AdmissionRequest) -> list[str]:
        """Check a request against all policies; answers the warnings for the client.

        Audit annotations are added to `request.annotations`.

        Raises:
            Invalid: A policy denies it; another error when the validation names a reason.
        """
        if (request.group, request.resource) in EXEMPT:
            return []
        findings = list(self._findings(request))
        self._annotate_failures(request, findings)
        denied = [finding for finding in findings if "Deny" in finding.actions]
        if denied:
            raise _refusal(request, denied[0])
        return [
            f"Validation failed for ValidatingAdmissionPolicy '{f.policy}' with binding "
            f"'{f.binding}': {f.denial.message}"
            for f in findings
            if "Warn" in f.actions
        ]

    def _findings(self, request: AdmissionRequest) -> Iterator[_Finding]:
        policies = list(self._lookup.list(_GROUP, "validatingadmissionpolicies"))
        if not policies:
            return
        namespace = self._namespace(request)
        bindings = _by_policy(self._lookup.list(_GROUP, "validatingadmissionpolicybindings"))
        for policy in sorted(policies, key=lambda p: str(p["metadata"]["name"])):
            bound = bindings.get(policy["metadata"]["name"], [])
            if bound and matches(policy["spec"].get("matchConstraints"), request, namespace):
                yield from self._apply(policy, bound, request, namespace)

    def _apply(
        self,
        policy: Manifest,
        bindings: list[Manifest],
        request: AdmissionRequest,
        namespace: Manifest | None,
    ) -> Iterator[_Finding]:
        name = policy["metadata"]["name"]
        try:
            compiled = self._compile(policy)
        except CompileError as error:
            if policy["spec"].get("failurePolicy", "Fail") != "Ignore":
                problem = Denial(-1, f"failed to configure policy: {error}")
                yield _Finding(name, "", ("Deny",), problem)
            return
        for binding in bindings:
            spec = binding["spec"]
            if not matches(spec.get("matchResources"), request, namespace):
                continue
            actions = tuple(spec.get("validationActions") or ())
            found = self._evaluate(policy, compiled, binding, request, namespace)
            for denial in found:
                # What keeps a policy from being evaluated at all refuses the request whatever
                # the actions are.
                as_said = actions if denial.index >= 0 else ("Deny",)
                yield _Finding(name, binding["metadata"]["name"], as_said, denial)

    def _evaluate(
        self,
        policy: Manifest,
        compiled: CompiledPolicy,
        binding: Manifest,
        request: AdmissionRequest,
        namespace: Manifest | None,
    ) -> Iterator[Denial]:
        try:
            selected = parameters(self._lookup, policy, binding, request.namespace)
        except ParameterProblem as problem:
            if compiled.fails_closed:
                yield Denial(-1, f"failed to configure binding: {problem}")
            return
        functions = authorizer_functions(self._authorizer, request.user)
        for parameter in selected:
            values = _variables(request, namespace, parameter)
            scope = compiled.scope(values, functions)
            try:
                if not compiled.applies(scope):
                    continue
                yield from compiled.denials(scope)
                for key, value in compiled.annotations(scope):
                    _annotate(request, f"{compiled.name}/{key}", value)
            except EvaluationError as error:
                if compiled.fails_closed:
                    yield Denial(0, str(error))

    def _compile(self, policy: Manifest) -> CompiledPolicy:
        meta = policy["metadata"]
        key = (meta["uid"], meta["resourceVersion"])
        if key not in self._compiled:
            if len(self._compiled) > 1024:
                self._compiled.clear()
            self._compiled[key] = CompiledPolicy(policy)
        return self._compiled[key]

    def _namespace(self, request: AdmissionRequest) -> Manifest | None:
        if not request.namespace or request.resource == "namespaces":
            return None
        return self._lookup.get("", "namespaces", "", request.namespace)

    def _annotate_failures(self, request: AdmissionRequest, findings: list[_Finding]) -> None:
        failures = [
            {
                "message": finding.denial.message,
                "policy": finding.policy,
                "binding": finding.binding,
                "expressionIndex": finding.denial.index,
                "validationActions": list(finding.actions),
            }
            for finding in findings
            if "Audit" in finding.actions
        ]
        if failures:
            request.annotations[_FAILURES_KEY] = orjson.dumps(failures[:_MAX_FAILURES]).decode()


def _by_policy(bindings: Any) -> dict[str, list[Manifest]]:
    grouped: dict[str, list[Manifest]] = {}
    for binding in sorted(bindings, key=lambda b: str(b["metadata"]["name"])):
        grouped.setdefault(binding["spec"]["policyName"], []).append(binding)
    return grouped


def _variables(
    request: AdmissionRequest, namespace: Manifest | None, parameter: Manifest | None
) -> dict[str, Any]:
    resource = {
        "group": request.group,
        "resource": request.resource,
        "subresource": request.subresource,
        "namespace": request.namespace,
        "name": request.name,
    }
    return {
        "object": request.object,
        "oldObject": request.old_object,
        "request": request.variable(),
        "params": parameter,
        "namespaceObject": namespace,
        "authorizer": authorizer_variable(resource),
    }


def _annotate(request: AdmissionRequest, key: str, value: str) -> None:
    known = request.annotations.get(key)
    value = value[:_MAX_ANNOTATION]
    if known is None:
        request.annotations[key] = value
    elif value not in known.split(", "):
        request.annotations[key] = f"{known}, {value}"


def _refusal(request: AdmissionRequest, finding: _Finding) -> IdpError:
    """Worded as by the real server, which says `is forbidden` whatever the reason is."""
    worded = refusal(request.group, request.resource, request.shown_name, finding.message)
    cls = _ERRORS.get(finding.denial.reason, Invalid)
    return cls(
        worded.message, causes=[Cause("", finding.message, "")], details=dict(worded.details)
    )
