"""The objects that a binding gives its policy as `params`."""

from __future__ import annotations

from idp.embedded.apiserver.access.ports import ObjectLookup
from idp.kernel import standard
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.selectors import selects

_BUILT_IN = {
    (known.api_version, known.kind): known
    for known in vars(standard).values()
    if isinstance(known, ResourceType)
}


class ParameterProblem(ValueError):
    """The parameters of a binding cannot be had."""


def parameters(
    lookup: ObjectLookup, policy: Manifest, binding: Manifest, namespace: str
) -> list[Manifest | None]:
    """The parameters to evaluate a policy with, one after the other.

    Args:
        lookup: The stored objects.
        policy: The policy; without `paramKind` it is evaluated once, without a parameter.
        binding: The binding; the same without `paramRef`.
        namespace: Of the request, where parameters are when the binding does not say.

    Raises:
        ParameterProblem: The kind is not known, the reference does not fit it, or nothing is found
            and the binding says `Deny`.
    """
    kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
    if not kind or not reference:
        return [None]
    type_ = _resource_type(lookup, kind["apiVersion"], kind["kind"])
    where = reference.get("namespace") or namespace
    if type_.namespaced and not where:
        raise ParameterProblem(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
    if not type_.namespaced and reference.get("namespace"):
        raise ParameterProblem(
            "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
        )
    found = _selected(lookup, type_, reference, where if type_.namespaced else "")
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        raise ParameterProblem(
            "no params found for policy binding with `Deny` parameterNotFoundAction"
        )
    return list(found)


def _selected(
    lookup: ObjectLookup, type_: ResourceType, reference: Manifest, namespace: str
) -> list[Manifest]:
    if name := reference.get("name"):
        found = lookup.get(type_.group, type_.plural, namespace, name)
        return [found] if found is not None else []
    selector = reference.get("selector")
    if selector is None:
        raise ParameterProblem("one of name or selector must be provided")
    return [
        candidate
        for candidate in lookup.list(type_.group, type_.plural, namespace)
        if selects(selector, candidate["metadata"].get("labels"))
    ]


def _resource_type(lookup: ObjectLookup, api_version: str, kind: str) -> ResourceType:
    if known := _BUILT_IN.get((api_version, kind)):
        return known
    group, _, version = api_version.rpartition("/")
    for definition in lookup.list("apiextensions.k8s.io", "customresourcedefinitions"):
        spec = definition["spec"]
        if spec["group"] == group and spec["names"]["kind"] == kind:
            namespaced = spec["scope"] == "Namespaced"
            return ResourceType(group, version, kind, spec["names"]["plural"], namespaced)
    raise ParameterProblem(f"paramKind kind `{api_version}, Kind={kind}` not known")
