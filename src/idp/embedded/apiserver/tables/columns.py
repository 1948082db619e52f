"""Columns of the built-in kinds, and which function fills them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from idp.embedded.apiserver.tables import others, workloads
from idp.kernel.resource import Manifest

Cells = Callable[[Manifest, datetime], list[Any]]

_INTEGERS = {"Active", "Validations", "Value", "Allowed Disruptions"}
_DATES = {"Created At"}
_FLAGS = {"Suspend"}
_INTEGER = "#"
_WIDE = "+"

_TABLE: dict[str, tuple[str, Cells]] = {
    "/pods": (
        "Name,Ready,Status,Restarts,Age,+IP,+Node,+Nominated Node,+Readiness Gates",
        workloads.pod,
    ),
    "apps/deployments": (
        "Name,Ready,Up-to-date,Available,Age,+Containers,+Images,+Selector",
        workloads.deployment,
    ),
    "apps/replicasets": (
        "Name,#Desired,#Current,#Ready,Age,+Containers,+Images,+Selector",
        workloads.replica_set,
    ),
    "/replicationcontrollers": (
        "Name,Desired,Current,Ready,Age,+Containers,+Images,+Selector",
        workloads.replication_controller,
    ),
    "apps/statefulsets": ("Name,Ready,Age,+Containers,+Images", workloads.stateful_set),
    "apps/daemonsets": (
        "Name,#Desired,#Current,#Ready,#Up-to-date,#Available,Node Selector,Age,"
        "+Containers,+Images,+Selector",
        workloads.daemon_set,
    ),
    "batch/jobs": (
        "Name,Status,Completions,Duration,Age,+Containers,+Images,+Selector",
        workloads.job,
    ),
    "batch/cronjobs": (
        "Name,Schedule,Timezone,Suspend,Active,Last Schedule,Age,+Containers,+Images,+Selector",
        workloads.cron_job,
    ),
    "/namespaces": ("Name,Status,Age", others.namespace),
    "/limitranges": ("Name,Created At", others.created),
    "/configmaps": ("Name,Data,Age", others.config_map),
    "/secrets": ("Name,Type,Data,Age", others.secret),
    "/serviceaccounts": ("Name,Secrets,Age", others.service_account),
    "/services": ("Name,Type,Cluster-IP,External-IP,Port(s),Age,+Selector", others.service),
    "/endpoints": ("Name,Endpoints,Age", others.endpoints),
    "discovery.k8s.io/endpointslices": (
        "Name,AddressType,Ports,Endpoints,Age",
        others.endpoint_slice,
    ),
    "/events": (
        "Last Seen,Type,Reason,Object,+Subobject,+Source,Message,+First Seen,+Count,+Name",
        others.event,
    ),
    "/persistentvolumeclaims": (
        "Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age,"
        "+VolumeMode",
        others.claim,
    ),
    "networking.k8s.io/ingresses": ("Name,Class,Hosts,Address,Ports,Age", others.ingress),
    "networking.k8s.io/networkpolicies": ("Name,Pod-Selector,Age", others.network_policy),
    "policy/poddisruptionbudgets": (
        "Name,Min Available,Max Unavailable,Allowed Disruptions,Age",
        others.disruption_budget,
    ),
    "autoscaling/horizontalpodautoscalers": (
        "Name,Reference,Targets,MinPods,MaxPods,Replicas,Age",
        others.autoscaler,
    ),
    "rbac.authorization.k8s.io/roles": ("Name,Created At", others.created),
    "rbac.authorization.k8s.io/clusterroles": ("Name,Created At", others.created),
    "rbac.authorization.k8s.io/rolebindings": (
        "Name,Role,Age,+Users,+Groups,+ServiceAccounts",
        others.binding,
    ),
    "rbac.authorization.k8s.io/clusterrolebindings": (
        "Name,Role,Age,+Users,+Groups,+ServiceAccounts",
        others.binding,
    ),
    "coordination.k8s.io/leases": ("Name,Holder,Age", others.lease),
    "admissionregistration.k8s.io/validatingadmissionpolicies": (
        "Name,Validations,ParamKind,Age",
        others.admission_policy,
    ),
    "admissionregistration.k8s.io/validatingadmissionpolicybindings": (
        "Name,PolicyName,ParamRef,Age",
        others.admission_binding,
    ),
    "certificates.k8s.io/certificatesigningrequests": (
        "Name,Age,SignerName,Requestor,Condition",
        others.signing_request,
    ),
    "scheduling.k8s.io/priorityclasses": (
        "Name,Value,Global-Default,Age",
        others.priority_class,
    ),
    "storage.k8s.io/storageclasses": (
        "Name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,Age",
        others.storage_class,
    ),
    "apiextensions.k8s.io/customresourcedefinitions": ("Name,Created At", others.created),
}


def builtin_columns(resource: str) -> tuple[list[Manifest], Cells]:
    """Column definitions and the function that fills a row; name and age by default."""
    names, cells = _TABLE.get(resource, ("Name,Age", others.named))
    return [_definition(name) for name in names.split(",")], cells


def _definition(name: str) -> Manifest:
    wide = name.startswith(_WIDE)
    counted = name.startswith(_INTEGER) or name in _INTEGERS
    name = name.removeprefix(_WIDE).removeprefix(_INTEGER)
    type_ = "date" if name in _DATES else "boolean" if name in _FLAGS else "string"
    return {
        "name": name,
        "type": "integer" if counted else type_,
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": 1 if wide else 0,
    }
