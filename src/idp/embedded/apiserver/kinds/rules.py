"""Rules of the built-in kinds: what must be there, and what may not change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from idp.embedded.apiserver.access.rbac import RBAC_GROUP
from idp.embedded.apiserver.access.validation import rbac_errors
from idp.embedded.apiserver.admission.priority import class_causes
from idp.embedded.apiserver.admission.quota.validation import quota_causes
from idp.embedded.apiserver.admission.range_validation import range_causes
from idp.embedded.apiserver.admission.signing_requests import request_causes
from idp.embedded.apiserver.kinds.values import value_causes
from idp.embedded.apiserver.kinds.words import forbidden
from idp.embedded.apiserver.schema.node import Node
from idp.kernel.errors import Cause
from idp.kernel.resource import Manifest

_OPTIONAL = {
    "podSelector",
    "rules",
    "conditions",
    "serviceName",
    "targetPort",
    "storedVersions",
    "verbs",
}
"""Required by the published schema, yet objects without them are accepted, or refused elsewhere."""

_IMMUTABLE: dict[str, tuple[tuple[str, ...], ...]] = {
    "apps/deployments": (("spec", "selector"),),
    "apps/replicasets": (("spec", "selector"),),
    "apps/daemonsets": (("spec", "selector"),),
    "apps/statefulsets": (("spec", "selector"), ("spec", "serviceName")),
    "batch/jobs": (("spec", "selector"), ("spec", "template"), ("spec", "completionMode")),
    "/secrets": (("type",),),
    "rbac.authorization.k8s.io/rolebindings": (("roleRef",),),
    "rbac.authorization.k8s.io/clusterrolebindings": (("roleRef",),),
    "storage.k8s.io/storageclasses": (("provisioner",), ("parameters",), ("reclaimPolicy",)),
    "scheduling.k8s.io/priorityclasses": (("value",), ("preemptionPolicy",)),
    "apiextensions.k8s.io/customresourcedefinitions": (
        ("spec", "group"),
        ("spec", "scope"),
        ("spec", "names", "plural"),
        ("spec", "names", "kind"),
    ),
}


def builtin_causes(
    resource: str, node: Node, new: Manifest, old: Manifest | None
) -> Iterator[Cause]:
    """What is wrong with an object of a built-in kind."""
    own_rules = resource == "apiextensions.k8s.io/customresourcedefinitions"
    for name, value in new.items():
        if name not in ("metadata", "status") and not own_rules:
            yield from _missing(value, node.merge_child(name), name)
    for name in node.required:
        if name not in new and name not in _OPTIONAL and name != "metadata":
            yield Cause(name, "Required value", "FieldValueRequired")
    yield from _selector_causes(resource, new)
    yield from value_causes(resource, new)
    group, _, _ = resource.partition("/")
    if group == RBAC_GROUP:
        yield from rbac_errors(new)
    elif group == "admissionregistration.k8s.io":
        # Loaded with the first policy: it takes the CEL library.
        from idp.embedded.apiserver.admission.validation import policy_errors

        yield from policy_errors(new)
    elif resource == "/limitranges":
        yield from range_causes(new)
    elif resource == "/resourcequotas":
        yield from quota_causes(new)
    elif resource == "scheduling.k8s.io/priorityclasses":
        yield from class_causes(new)
    elif resource == "certificates.k8s.io/certificatesigningrequests" and old is None:
        yield from request_causes(new)
    if old is not None:
        yield from _changed(resource, new, old)


def _missing(value: Any, node: Node, path: str) -> Iterator[Cause]:
    if isinstance(value, dict):
        for name in node.required:
            if name not in value and name not in _OPTIONAL:
                yield Cause(f"{path}.{name}", "Required value", "FieldValueRequired")
        for name, item in value.items():
            if isinstance(item, dict | list) and (child := node.child(name)) is not None:
                yield from _missing(item, child, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _missing(item, node.item, f"{path}[{index}]")


def _selector_causes(resource: str, new: Manifest) -> Iterator[Cause]:
    """A workload that does not select its own pods would create them without end."""
    if not resource.startswith("apps/"):
        return
    spec = new.get("spec") or {}
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        shown = orjson.dumps(labels).decode()
        text = f"Invalid value: {shown}: `selector` does not match template `labels`"
        yield Cause("spec.template.metadata.labels", text)


def _at(manifest: Manifest, path: tuple[str, ...]) -> Any:
    value: Any = manifest
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _changed(resource: str, new: Manifest, old: Manifest) -> Iterator[Cause]:
    for path in _IMMUTABLE.get(resource, ()):
        before, after = _at(old, path), _at(new, path)
        if before is not None and before != after:
            shown = orjson.dumps(after).decode()
            if path == ("value",):
                yield forbidden("value", "may not be changed in an update.")
                continue
            text = "cannot change roleRef" if path == ("roleRef",) else "field is immutable"
            yield Cause(".".join(path), f"Invalid value: {shown}: {text}")
    if resource in ("/configmaps", "/secrets") and old.get("immutable"):
        for name in ("data", "binaryData", "stringData", "immutable"):
            if new.get(name) != old.get(name):
                text = "Forbidden: field is immutable when `immutable` is set"
                yield Cause(name, text, "FieldValueForbidden")
