"""The roles and bindings that every server has from the start, as a Kubernetes cluster has them.

`admin`, `edit` and `view` are empty roles that aggregate others by label: a capability adds its
kinds to them with a ClusterRole of its own that carries the label (`aggregate_label`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from idp.embedded.apiserver.access.identity import (
    AUTHENTICATED_GROUP,
    MASTERS_GROUP,
    SERVICE_ACCOUNTS_GROUP,
    UNAUTHENTICATED_GROUP,
)
from idp.embedded.apiserver.access.rbac import RBAC_GROUP
from idp.kernel.resource import Manifest

READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", "patch", "update")

_HEALTH = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")
_ISSUER = ("/.well-known/openid-configuration", "/.well-known/openid-configuration/")

_READABLE: dict[str, tuple[str, ...]] = {
    "": (
        "configmaps",
        "endpoints",
        "events",
        "limitranges",
        "namespaces",
        "persistentvolumeclaims",
        "persistentvolumeclaims/status",
        "pods",
        "pods/log",
        "pods/status",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "replicationcontrollers/status",
        "resourcequotas",
        "resourcequotas/status",
        "serviceaccounts",
        "services",
        "services/status",
    ),
    "apps": (
        "daemonsets",
        "daemonsets/status",
        "deployments",
        "deployments/scale",
        "deployments/status",
        "replicasets",
        "replicasets/scale",
        "replicasets/status",
        "statefulsets",
        "statefulsets/scale",
        "statefulsets/status",
    ),
    "autoscaling": ("horizontalpodautoscalers", "horizontalpodautoscalers/status"),
    "batch": ("cronjobs", "cronjobs/status", "jobs", "jobs/status"),
    "discovery.k8s.io": ("endpointslices",),
    "networking.k8s.io": ("ingresses", "ingresses/status", "networkpolicies"),
    "policy": ("poddisruptionbudgets", "poddisruptionbudgets/status"),
}
_WRITABLE: dict[str, tuple[str, ...]] = {
    "": (
        "configmaps",
        "events",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "secrets",
        "serviceaccounts",
        "services",
    ),
    "apps": (
        "daemonsets",
        "deployments",
        "deployments/scale",
        "replicasets",
        "replicasets/scale",
        "statefulsets",
        "statefulsets/scale",
    ),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "policy": ("poddisruptionbudgets",),
}


def bootstrap_manifests() -> list[Manifest]:
    """ClusterRoles first, then ClusterRoleBindings; always the same."""
    everyone = (AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP)
    return [
        *_administration_roles(),
        *_user_roles(),
        *_system_roles(),
        _binding("cluster-admin", (MASTERS_GROUP,)),
        _binding("system:discovery", (AUTHENTICATED_GROUP,)),
        _binding("system:basic-user", (AUTHENTICATED_GROUP,)),
        _binding("system:public-info-viewer", everyone),
        _binding("system:service-account-issuer-discovery", (SERVICE_ACCOUNTS_GROUP,)),
    ]


def aggregate_label(role: str) -> dict[str, str]:
    """The label by which a ClusterRole adds its rules to `admin`, `edit` or `view`."""
    return {f"{RBAC_GROUP}/aggregate-to-{role}": "true"}


def _administration_roles() -> list[Manifest]:
    anything = [_rule(("*",), ("*",), ("*",)), {"nonResourceURLs": ["*"], "verbs": ["*"]}]
    return [
        _role("cluster-admin", anything),
        _aggregating("admin"),
        _aggregating("edit", aggregate_label("admin")),
        _aggregating("view", aggregate_label("edit")),
    ]


def _user_roles() -> list[Manifest]:
    administer = [
        _rule((RBAC_GROUP,), ("roles", "rolebindings"), (*WRITE, *READ)),
        _rule(("authorization.k8s.io",), ("localsubjectaccessreviews",), ("create",)),
    ]
    edit = [
        *(_rule((group,), resources, WRITE) for group, resources in _WRITABLE.items()),
        _rule(("",), ("secrets",), READ),
        _rule(("",), ("pods/eviction", "serviceaccounts/token"), ("create",)),
        _rule(("",), ("serviceaccounts",), ("impersonate",)),
        _rule(("coordination.k8s.io",), ("leases",), (*WRITE, *READ)),
    ]
    view = [_rule((group,), resources, READ) for group, resources in _READABLE.items()]
    return [
        _role("system:aggregate-to-admin", administer, aggregate_label("admin")),
        _role("system:aggregate-to-edit", edit, aggregate_label("edit")),
        _role("system:aggregate-to-view", view, aggregate_label("view")),
    ]


def _system_roles() -> list[Manifest]:
    reviews = ("selfsubjectaccessreviews", "selfsubjectrulesreviews")
    return [
        _role("system:discovery", [_paths((*_HEALTH, *_DISCOVERY))]),
        _role(
            "system:basic-user",
            [
                _rule(("authorization.k8s.io",), reviews, ("create",)),
                _rule(("authentication.k8s.io",), ("selfsubjectreviews",), ("create",)),
            ],
        ),
        _role("system:public-info-viewer", [_paths(_HEALTH)]),
        _role("system:service-account-issuer-discovery", [_paths((*_ISSUER, "/openid/v1/jwks"))]),
    ]


def _rule(groups: Iterable[str], resources: Iterable[str], verbs: Iterable[str]) -> Manifest:
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}


def _paths(paths: Sequence[str]) -> Manifest:
    return {"nonResourceURLs": list(paths), "verbs": ["get"]}


def _metadata(name: str, labels: dict[str, str] | None = None) -> Manifest:
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **(labels or {})},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }


def _role(name: str, rules: list[Manifest], labels: dict[str, str] | None = None) -> Manifest:
    return {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": _metadata(name, labels),
        "rules": rules,
    }


def _aggregating(name: str, labels: dict[str, str] | None = None) -> Manifest:
    role = _role(name, [], labels)
    role["aggregationRule"] = {
        "clusterRoleSelectors": [{"matchLabels": aggregate_label(name)}],
    }
    return role


def _binding(role: str, groups: Iterable[str]) -> Manifest:
    return {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": _metadata(role),
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC_GROUP, "kind": "Group", "name": group} for group in groups],
    }
