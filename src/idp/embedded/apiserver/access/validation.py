"""Whether a Role, ClusterRole or binding may be stored: what its schema does not say. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from idp.embedded.apiserver.access.rbac import RBAC_GROUP
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_ROLES = {"RoleBinding": ("Role", "ClusterRole"), "ClusterRoleBinding": ("ClusterRole",)}


def rbac_errors(manifest: Manifest) -> list[Cause]:
    """What is wrong with an object of `rbac.authorization.k8s.io`."""
    kind = manifest.get("kind", "")
    if kind in _ROLES:
        return [*_reference_errors(manifest, kind), *_all_subject_errors(manifest, kind)]
    return [
        cause
        for index, rule in enumerate(manifest.get("rules") or ())
        for cause in _rule_errors(rule, f"rules[{index}]", namespaced=kind == "Role")
    ]


def _rule_errors(rule: Manifest, at: str, *, namespaced: bool) -> Iterator[Cause]:
    if not rule.get("verbs"):
        yield _required(f"{at}.verbs", "verbs must contain at least one value")
    if urls := rule.get("nonResourceURLs"):
        shown = orjson.dumps(urls).decode()
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            yield Cause(f"{at}.nonResourceURLs", f"Invalid value: {shown}: {detail}")
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield Cause(f"{at}.nonResourceURLs", f"Invalid value: {shown}: {detail}")
        return
    if not rule.get("apiGroups"):
        yield _required(f"{at}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield _required(f"{at}.resources", "resource rules must supply at least one resource")


def _reference_errors(manifest: Manifest, kind: str) -> Iterator[Cause]:
    reference = manifest.get("roleRef") or {}
    yield from _supported("roleRef.apiGroup", reference.get("apiGroup", ""), (RBAC_GROUP,))
    yield from _supported("roleRef.kind", reference.get("kind", ""), _ROLES[kind])
    if not reference.get("name"):
        yield _required("roleRef.name")


def _all_subject_errors(manifest: Manifest, kind: str) -> Iterator[Cause]:
    for index, subject in enumerate(manifest.get("subjects") or ()):
        yield from _subject_errors(subject, f"subjects[{index}]", kind)


def _subject_errors(subject: Manifest, at: str, binding: str) -> Iterator[Cause]:
    if not subject.get("name"):
        yield _required(f"{at}.name")
    kind = subject.get("kind", "")
    if kind == "ServiceAccount":
        yield from _supported(f"{at}.apiGroup", subject.get("apiGroup", ""), ("",))
        if binding == "ClusterRoleBinding" and not subject.get("namespace"):
            yield _required(f"{at}.namespace")
    elif kind in ("User", "Group"):
        yield from _supported(f"{at}.apiGroup", subject.get("apiGroup", ""), (RBAC_GROUP,))
    else:
        yield from _supported(f"{at}.kind", kind, ("ServiceAccount", "User", "Group"))


def _required(at: str, detail: str = "") -> Cause:
    return Cause(at, "Required value" + (f": {detail}" if detail else ""), "FieldValueRequired")


def _supported(at: str, value: str, values: Sequence[str]) -> list[Cause]:
    if value in values:
        return []
    supported = ", ".join(f'"{known}"' for known in values)
    message = f'Unsupported value: "{value}": supported values: {supported}'
    return [Cause(at, message, "FieldValueNotSupported")]
