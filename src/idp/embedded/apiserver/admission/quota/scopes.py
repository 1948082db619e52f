"""Whether a quota is about an object: its scopes. Pure.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from idp.embedded.apiserver.admission.pod_resources import is_best_effort
from idp.embedded.apiserver.admission.quota.usage import CLAIMS, PODS
from idp.kernel.resource import Manifest


def is_about(quota_spec: Manifest, resource: str, manifest: Manifest) -> bool:
    """Whether an object is in all scopes of a quota.

    A quota with scopes is only about the kinds that can be in them.
    """
    for scope, expression in scopes_of(quota_spec):
        test = _TESTS.get((resource, scope))
        if test is None or not test(manifest, expression):
            return False
    return True


def scopes_of(quota_spec: Manifest) -> Iterator[tuple[str, Manifest]]:
    """The scopes of a quota, each with its expression."""
    for scope in quota_spec.get("scopes") or ():
        yield scope, {"scopeName": scope, "operator": "Exists"}
    selector = quota_spec.get("scopeSelector") or {}
    for expression in selector.get("matchExpressions") or ():
        yield expression.get("scopeName", ""), expression


def _terminating(pod: Manifest, expression: Manifest) -> bool:
    return pod["spec"].get("activeDeadlineSeconds") is not None


def _best_effort(pod: Manifest, expression: Manifest) -> bool:
    return is_best_effort(pod["spec"])


def _crosses_namespaces(pod: Manifest, expression: Manifest) -> bool:
    affinity = pod["spec"].get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        terms = list(rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        for weighted in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            terms.append(weighted.get("podAffinityTerm") or {})
        if any(t.get("namespaces") or t.get("namespaceSelector") is not None for t in terms):
            return True
    return False


def _not(test: Callable[[Manifest, Manifest], bool]) -> Callable[[Manifest, Manifest], bool]:
    return lambda manifest, expression: not test(manifest, expression)


def _named(field: str) -> Callable[[Manifest, Manifest], bool]:
    """Whether the name in a field of the spec satisfies the expression."""

    def test(manifest: Manifest, expression: Manifest) -> bool:
        name, values = manifest["spec"].get(field) or "", expression.get("values") or ()
        match expression.get("operator", "Exists"):
            case "In":
                return name in values
            case "NotIn":
                return name not in values
            case "DoesNotExist":
                return not name
            case _:
                return bool(name)

    return test


_TESTS: dict[tuple[str, str], Callable[[Manifest, Manifest], bool]] = {
    (PODS, "Terminating"): _terminating,
    (PODS, "NotTerminating"): _not(_terminating),
    (PODS, "BestEffort"): _best_effort,
    (PODS, "NotBestEffort"): _not(_best_effort),
    (PODS, "CrossNamespacePodAffinity"): _crosses_namespaces,
    (PODS, "PriorityClass"): _named("priorityClassName"),
    (CLAIMS, "VolumeAttributesClass"): _named("volumeAttributesClassName"),
}

SCOPES = frozenset(scope for _, scope in _TESTS)
"""Every scope there is."""
