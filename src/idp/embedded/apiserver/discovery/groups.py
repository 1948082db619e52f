"""Groups, versions and their resources, in the legacy and the aggregated form. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from idp.embedded.apiserver.types.served import ServedType

Document = dict[str, Any]

_CUSTOM_VERBS = (
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
)
_SUBRESOURCE_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}
_SUBRESOURCE_VERBS = {
    "status": ("get", "patch", "update"),
    "scale": ("get", "patch", "update"),
    "approval": ("get", "patch", "update"),
    "log": ("get",),
    "eviction": ("create",),
    "token": ("create",),
    "finalize": ("update",),
}

REVIEWS: dict[tuple[str, str], tuple[tuple[str, str, bool], ...]] = {
    ("authentication.k8s.io", "v1"): (
        ("selfsubjectreviews", "SelfSubjectReview", False),
        ("tokenreviews", "TokenReview", False),
    ),
    ("authorization.k8s.io", "v1"): (
        ("localsubjectaccessreviews", "LocalSubjectAccessReview", True),
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview", False),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview", False),
        ("subjectaccessreviews", "SubjectAccessReview", False),
    ),
}
"""Kinds that are asked and not stored: plural, kind, namespaced."""


def group_versions(types: Iterable[ServedType]) -> dict[str, list[str]]:
    """Versions by group, in the order of discovery."""
    found: dict[str, list[str]] = {}
    for served in types:
        versions = found.setdefault(served.type.group, [])
        if served.type.version not in versions:
            versions.append(served.type.version)
    for group, version in REVIEWS:
        versions = found.setdefault(group, [])
        if version not in versions:
            versions.append(version)
    for group in found:
        found[group].sort(key=_priority, reverse=True)
    return found


def _priority(version: str) -> tuple[int, int, int]:
    """Stable before beta before alpha, newer before older."""
    import re

    match = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if match is None:
        return (0, 0, 0)
    stage = {None: 3, "beta": 2, "alpha": 1}[match[2]]
    return (stage, int(match[1]), int(match[3] or 0))


def api_group(name: str, versions: Sequence[str]) -> Document:
    """One `APIGroup`."""
    listed = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def api_group_list(types: Iterable[ServedType]) -> Document:
    """`/apis`."""
    groups = [api_group(g, v) for g, v in group_versions(types).items() if g]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_versions(address: str) -> Document:
    """`/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def _subresources(served: ServedType) -> list[str]:
    names = list(served.subresources)
    if served.status:
        names.append("status")
    if served.scale is not None:
        names.append("scale")
    return sorted(names) if served.builtin else names


def api_resource_list(group: str, version: str, types: Iterable[ServedType]) -> Document:
    """`/api/v1`, `/apis/<group>/<version>`."""
    resources: list[Document] = []
    for served in sorted(types, key=lambda served: served.type.plural):
        if (served.type.group, served.type.version) == (group, version):
            resources += _legacy(served)
    for plural, kind, namespaced in REVIEWS.get((group, version), ()):
        entry = {"name": plural, "singularName": kind.lower(), "namespaced": namespaced}
        resources.append({**entry, "kind": kind, "verbs": ["create"]})
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }


def _verbs(served: ServedType) -> list[str]:
    """Verbs in the order of the real server, which has one of its own for custom kinds."""
    known = _CUSTOM_VERBS if not served.builtin else sorted(served.verbs)
    return [verb for verb in known if verb in served.verbs]


def _storage_hash(served: ServedType) -> str:
    """Names the stored version, so that clients see that it has changed."""
    group, _, version = served.storage.rpartition("/")
    digest = hashlib.sha256(f"{group}/{version}/{served.type.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _legacy(served: ServedType) -> list[Document]:
    type_ = served.type
    main: Document = {
        "name": type_.plural,
        "singularName": served.singular,
        "namespaced": type_.namespaced,
        "kind": type_.kind,
        "verbs": _verbs(served),
        "storageVersionHash": _storage_hash(served),
    }
    if served.short_names:
        main["shortNames"] = list(served.short_names)
    if served.categories:
        main["categories"] = list(served.categories)
    entries = [main]
    for name in _subresources(served):
        entry: Document = {
            "name": f"{type_.plural}/{name}",
            "singularName": "",
            "namespaced": type_.namespaced,
            "kind": type_.kind,
            "verbs": list(_SUBRESOURCE_VERBS[name]),
        }
        if name in _SUBRESOURCE_KINDS:
            group, version, kind = _SUBRESOURCE_KINDS[name]
            entry |= {"group": group, "version": version, "kind": kind}
        entries.append(entry)
    return entries


def aggregated(types: Sequence[ServedType], *, core: bool) -> Document:
    """`/api` or `/apis` as one `APIGroupDiscoveryList` (v2)."""
    items = []
    for group, versions in group_versions(types).items():
        if (group == "") != core:
            continue
        listed = []
        for version in versions:
            resources = [
                _aggregated(served)
                for served in types
                if (served.type.group, served.type.version) == (group, version)
            ]
            resources += _aggregated_reviews(group, version)
            resources.sort(key=lambda resource: str(resource["resource"]))
            listed.append({"version": version, "freshness": "Current", "resources": resources})
        metadata: Document = {"name": group} if group else {}
        items.append({"metadata": metadata, "versions": listed})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_reviews(group: str, version: str) -> list[Document]:
    return [
        {
            "resource": plural,
            "responseKind": {"group": "", "version": "", "kind": kind},
            "scope": "Namespaced" if namespaced else "Cluster",
            "singularResource": kind.lower(),
            "verbs": ["create"],
        }
        for plural, kind, namespaced in REVIEWS.get((group, version), ())
    ]


def _aggregated(served: ServedType) -> Document:
    type_ = served.type
    kind = {"group": type_.group, "version": type_.version, "kind": type_.kind}
    if served.builtin:
        kind |= {"group": "", "version": ""}  # those of the place where it is listed
    resource: Document = {
        "resource": type_.plural,
        "responseKind": kind,
        "scope": "Namespaced" if type_.namespaced else "Cluster",
        "singularResource": served.singular,
        "verbs": _verbs(served),
    }
    if served.short_names:
        resource["shortNames"] = list(served.short_names)
    if served.categories:
        resource["categories"] = list(served.categories)
    if names := _subresources(served):
        resource["subresources"] = [
            {
                "subresource": name,
                "responseKind": _subresource_kind(name, kind),
                "verbs": list(_SUBRESOURCE_VERBS[name]),
            }
            for name in names
        ]
    return resource


def _subresource_kind(name: str, kind: Document) -> Document:
    if name not in _SUBRESOURCE_KINDS:
        return kind
    group, version, other = _SUBRESOURCE_KINDS[name]
    return {"group": group, "version": version, "kind": other}
