"""Which requests a policy or a binding is about. Pure.

`matchPolicy: Equivalent` (the default) lets a rule for one version of a resource match requests in
any version of it, `Exact` only in that version.
"""

from __future__ import annotations

from idp.embedded.apiserver.admission.request import AdmissionRequest
from idp.kernel.resource import Manifest
from idp.kernel.selectors import selects

_ADMISSION = "admissionregistration.k8s.io"
EXEMPT = frozenset(
    {
        (_ADMISSION, "validatingadmissionpolicies"),
        (_ADMISSION, "validatingadmissionpolicybindings"),
        ("authentication.k8s.io", "selfsubjectreviews"),
        ("authentication.k8s.io", "tokenreviews"),
        ("authorization.k8s.io", "localsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authorization.k8s.io", "subjectaccessreviews"),
    }
)
"""A policy that could refuse changes of policies could never be taken back, and reviews change
nothing."""


def matches(
    constraints: Manifest | None, request: AdmissionRequest, namespace: Manifest | None
) -> bool:
    """Whether `matchConstraints` or `matchResources` include a request.

    Args:
        constraints: The constraints; None and empty ones include everything.
        request: The request.
        namespace: The Namespace of the request's object; None for cluster-scoped kinds.
    """
    constraints = constraints or {}
    exact = constraints.get("matchPolicy", "Equivalent") == "Exact"
    rules = constraints.get("resourceRules")
    if rules and not any(_rule_matches(rule, request, exact=exact) for rule in rules):
        return False
    for rule in constraints.get("excludeResourceRules") or ():
        if _rule_matches(rule, request, exact=exact):
            return False
    return _in_namespace(constraints.get("namespaceSelector"), request, namespace) and _labelled(
        constraints.get("objectSelector"), request
    )


def _rule_matches(rule: Manifest, request: AdmissionRequest, *, exact: bool) -> bool:
    names = rule.get("resourceNames")
    return (
        _has(rule.get("operations"), request.operation)
        and _has(rule.get("apiGroups"), request.group)
        and (not exact or _has(rule.get("apiVersions"), request.version))
        and any(_resource_matches(text, request) for text in rule.get("resources") or ())
        and (not names or request.name in names)
        and _in_scope(rule.get("scope", "*"), request)
    )


def _has(values: list[str] | None, value: str) -> bool:
    return "*" in (values or ()) or value in (values or ())


def _resource_matches(text: str, request: AdmissionRequest) -> bool:
    resource, _, subresource = text.partition("/")
    return resource in ("*", request.resource) and subresource in (
        ("*", request.subresource) if subresource == "*" else (request.subresource,)
    )


def _in_scope(scope: str, request: AdmissionRequest) -> bool:
    namespaced = bool(request.namespace) and not _is_namespace(request)
    return scope == "*" or (scope == "Namespaced") is namespaced


def _is_namespace(request: AdmissionRequest) -> bool:
    return (request.group, request.resource) == ("", "namespaces")


def _in_namespace(
    selector: Manifest | None, request: AdmissionRequest, namespace: Manifest | None
) -> bool:
    if not selector:
        return True
    if _is_namespace(request):
        namespace = request.object or request.old_object
    elif not request.namespace:
        return True
    return selects(selector, _labels(namespace))


def _labelled(selector: Manifest | None, request: AdmissionRequest) -> bool:
    if not selector:
        return True
    objects = [o for o in (request.object, request.old_object) if o is not None]
    return any(selects(selector, _labels(o)) for o in objects)


def _labels(manifest: Manifest | None) -> dict[str, str]:
    labels: dict[str, str] = ((manifest or {}).get("metadata") or {}).get("labels") or {}
    return labels
