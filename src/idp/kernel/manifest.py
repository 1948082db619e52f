"""Rendered objects: labels, owners and stable order. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import orjson

from idp.kernel.resource import Manifest, ResourceType

MANAGED_BY = {"app.kubernetes.io/managed-by": "idp"}

# Namespaces first, then what others refer to, workloads, then what routes traffic to them.
_ORDER = {
    kind: position
    for position, kind in enumerate(
        (
            "Namespace",
            "CustomResourceDefinition",
            "ClusterRole",
            "ClusterRoleBinding",
            "Role",
            "RoleBinding",
            "ServiceAccount",
            "Secret",
            "ConfigMap",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "Service",
            "Deployment",
            "Job",
            "VirtualService",
        )
    )
}


def render(
    type: ResourceType,
    name: str,
    namespace: str | None = None,
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **body: object,
) -> Manifest:
    """Start an object with its metadata; every one says that the platform manages it."""
    metadata: Manifest = {"name": name, "labels": {**MANAGED_BY, **(labels or {})}}
    if namespace is not None:
        metadata["namespace"] = namespace
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": type.api_version, "kind": type.kind, "metadata": metadata, **body}


def owner_reference(owner: Manifest) -> Manifest:
    """The reference that lets garbage collection delete a rendered object with its owner."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned_by(owner: Manifest, manifests: Iterable[Manifest]) -> list[Manifest]:
    """The same objects with an owner."""
    reference = owner_reference(owner)
    return [{**m, "metadata": {**m["metadata"], "ownerReferences": [reference]}} for m in manifests]


def in_order(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Sort by dependency, then by kind, namespace and name: the same input, the same output."""
    return sorted(
        manifests,
        key=lambda m: (
            _ORDER.get(m["kind"], len(_ORDER)),
            m["kind"],
            m["metadata"].get("namespace", ""),
            m["metadata"]["name"],
        ),
    )


def digest(value: object) -> str:
    """SHA-256 of a JSON value in canonical form, as `sha256:<hex>`."""
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
