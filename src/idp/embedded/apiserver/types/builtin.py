"""The built-in kinds, as a table. Their schemas are those that Kubernetes publishes."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Any

import orjson

from idp.embedded.apiserver.schema.node import Definitions
from idp.embedded.apiserver.types.definition_rules import DefinitionRules
from idp.embedded.apiserver.types.served import VERBS, ScalePaths, ServedType
from idp.kernel.resource import ResourceType

_SELECTOR = ("spec", "selector")


@dataclass(frozen=True)
class _Row:
    """One built-in kind.

    Attributes:
        package: Go package of its definition, below `io.k8s.`.
        flags: `cluster` (not namespaced), `status`, `generation`.
    """

    group: str
    version: str
    kind: str
    plural: str
    package: str
    flags: str = ""
    short_names: str = ""
    categories: str = ""
    scale: ScalePaths | None = None
    subresources: str = ""
    resource: str = ""
    storage: str = ""


_CORE = "api.core.v1"
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_SCALED = ScalePaths(selector=_SELECTOR)

_ROWS = (
    _Row("", "v1", "Namespace", "namespaces", _CORE, "cluster status", "ns", "", None, "finalize"),
    _Row("", "v1", "ConfigMap", "configmaps", _CORE, "", "cm"),
    _Row("", "v1", "Secret", "secrets", _CORE),
    _Row("", "v1", "Service", "services", _CORE, "status", "svc", "all"),
    _Row("", "v1", "ServiceAccount", "serviceaccounts", _CORE, "", "sa", "", None, "token"),
    _Row("", "v1", "Pod", "pods", _CORE, "status generation", "po", "all", None, "log eviction"),
    _Row("", "v1", "Event", "events", _CORE, "", "ev"),
    _Row("", "v1", "Endpoints", "endpoints", _CORE, "", "ep"),
    _Row("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", _CORE, "status", "pvc"),
    _Row("", "v1", "PersistentVolume", "persistentvolumes", _CORE, "cluster status", "pv"),
    _Row(
        "",
        "v1",
        "ReplicationController",
        "replicationcontrollers",
        _CORE,
        "status generation",
        "rc",
        "all",
        ScalePaths(selector=_SELECTOR),
    ),
    _Row("", "v1", "ResourceQuota", "resourcequotas", _CORE, "status", "quota"),
    _Row("", "v1", "LimitRange", "limitranges", _CORE, "", "limits"),
    _Row(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        "api.apps.v1",
        "status generation",
        "deploy",
        "all",
        _SCALED,
    ),
    _Row(
        "apps",
        "v1",
        "ReplicaSet",
        "replicasets",
        "api.apps.v1",
        "status generation",
        "rs",
        "all",
        _SCALED,
    ),
    _Row(
        "apps",
        "v1",
        "StatefulSet",
        "statefulsets",
        "api.apps.v1",
        "status generation",
        "sts",
        "all",
        _SCALED,
    ),
    _Row("apps", "v1", "DaemonSet", "daemonsets", "api.apps.v1", "status generation", "ds", "all"),
    _Row("batch", "v1", "Job", "jobs", "api.batch.v1", "status generation", "", "all"),
    _Row("batch", "v1", "CronJob", "cronjobs", "api.batch.v1", "status generation", "cj", "all"),
    _Row(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        "api.autoscaling.v2",
        "status",
        "hpa",
        "all",
    ),
    _Row(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        "api.policy.v1",
        "status generation",
        "pdb",
    ),
    _Row(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        "api.networking.v1",
        "generation",
        "netpol",
    ),
    _Row(
        "networking.k8s.io",
        "v1",
        "Ingress",
        "ingresses",
        "api.networking.v1",
        "status generation",
        "ing",
    ),
    _Row(
        "networking.k8s.io",
        "v1",
        "IngressClass",
        "ingressclasses",
        "api.networking.v1",
        "cluster generation",
    ),
    _Row(
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        "endpointslices",
        "api.discovery.v1",
        "generation",
    ),
    _Row(
        "events.k8s.io",
        "v1",
        "Event",
        "events",
        "api.events.v1",
        "",
        "ev",
        resource="/events",
        storage="v1",
    ),
    _Row("coordination.k8s.io", "v1", "Lease", "leases", "api.coordination.v1"),
    _Row(_RBAC, "v1", "Role", "roles", "api.rbac.v1"),
    _Row(_RBAC, "v1", "RoleBinding", "rolebindings", "api.rbac.v1"),
    _Row(_RBAC, "v1", "ClusterRole", "clusterroles", "api.rbac.v1", "cluster"),
    _Row(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", "api.rbac.v1", "cluster"),
    _Row(
        _ADMISSION,
        "v1",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        "api.admissionregistration.v1",
        "cluster status generation",
        "",
        "api-extensions",
    ),
    _Row(
        _ADMISSION,
        "v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        "api.admissionregistration.v1",
        "cluster generation",
        "",
        "api-extensions",
    ),
    _Row(
        "scheduling.k8s.io",
        "v1",
        "PriorityClass",
        "priorityclasses",
        "api.scheduling.v1",
        "cluster generation",
        "pc",
    ),
    _Row(
        "storage.k8s.io", "v1", "StorageClass", "storageclasses", "api.storage.v1", "cluster", "sc"
    ),
    _Row(
        "certificates.k8s.io",
        "v1",
        "CertificateSigningRequest",
        "certificatesigningrequests",
        "api.certificates.v1",
        "cluster status",
        "csr",
        "",
        None,
        "approval",
    ),
    _Row(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "apiextensions-apiserver.pkg.apis.apiextensions.v1",
        "cluster status generation",
        "crd crds",
        "api-extensions",
    ),
)

_WARNINGS = {
    ("", "endpoints"): (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    )
}
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def published_schemas() -> dict[str, Any]:
    """The OpenAPI definitions of Kubernetes, by name, with descriptions. Read anew each time."""
    packed = resources.files(__package__).joinpath("kubernetes.json.gz").read_bytes()
    schemas: dict[str, Any] = orjson.loads(gzip.decompress(packed))["schemas"]
    return schemas


def undescribed(schema: Any) -> Any:
    """A schema without its descriptions, which are most of it; fields of that name stay."""
    if isinstance(schema, dict):
        return {
            name: undescribed(value)
            for name, value in schema.items()
            if name != "description" or not isinstance(value, str)
        }
    return [undescribed(item) for item in schema] if isinstance(schema, list) else schema


def builtin_types(definitions: Definitions) -> list[ServedType]:
    """All built-in kinds."""
    return [_served(row, definitions) for row in _ROWS]


def _served(row: _Row, definitions: Definitions) -> ServedType:
    flags = row.flags.split()
    type_ = ResourceType(row.group, row.version, row.kind, row.plural, "cluster" not in flags)
    definition = f"io.k8s.{row.package}.{row.kind}"
    verbs = VERBS if row.kind != "Namespace" else tuple(v for v in VERBS if v != "deletecollection")
    return ServedType(
        type=type_,
        singular=row.kind.lower(),
        list_kind=f"{row.kind}List",
        compile=partial(definitions.node, definition),
        resource=row.resource or f"{row.group}/{row.plural}",
        storage=row.storage or type_.api_version,
        short_names=tuple(row.short_names.split()),
        categories=tuple(row.categories.split()),
        verbs=verbs,
        status="status" in flags,
        scale=row.scale,
        subresources=tuple(row.subresources.split()),
        counts_generation="generation" in flags,
        definition=definition,
        warnings=_WARNINGS.get((row.group, row.plural), ()),
        validators=(DefinitionRules(),) if row.plural == "customresourcedefinitions" else (),
    )
