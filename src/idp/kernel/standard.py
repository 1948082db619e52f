"""Names of the standard kinds that the platform renders and the engines act on."""

from __future__ import annotations

from idp.kernel.resource import ResourceType

THIS_MACHINE = "192.0.0.8"
"""Stands in Endpoints for the machine itself, where an API server refuses loopback addresses. It is
the IPv4 dummy address (RFC 7600): nobody has it, and nothing can be sent to it."""

NAMESPACE = ResourceType("", "v1", "Namespace", "namespaces", namespaced=False)
CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps")
SECRET = ResourceType("", "v1", "Secret", "secrets")
SERVICE = ResourceType("", "v1", "Service", "services")
SERVICE_ACCOUNT = ResourceType("", "v1", "ServiceAccount", "serviceaccounts")
POD = ResourceType("", "v1", "Pod", "pods")
ENDPOINTS = ResourceType("", "v1", "Endpoints", "endpoints")
EVENT = ResourceType("", "v1", "Event", "events")
DEPLOYMENT = ResourceType("apps", "v1", "Deployment", "deployments")
REPLICA_SET = ResourceType("apps", "v1", "ReplicaSet", "replicasets")
JOB = ResourceType("batch", "v1", "Job", "jobs")
POD_DISRUPTION_BUDGET = ResourceType("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
NETWORK_POLICY = ResourceType("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies")
ROLE = ResourceType("rbac.authorization.k8s.io", "v1", "Role", "roles")
ROLE_BINDING = ResourceType("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
CLUSTER_ROLE = ResourceType(
    "rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False
)
CLUSTER_ROLE_BINDING = ResourceType(
    "rbac.authorization.k8s.io",
    "v1",
    "ClusterRoleBinding",
    "clusterrolebindings",
    namespaced=False,
)
LEASE = ResourceType("coordination.k8s.io", "v1", "Lease", "leases")
VALIDATING_ADMISSION_POLICY = ResourceType(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingAdmissionPolicy",
    "validatingadmissionpolicies",
    namespaced=False,
)
VALIDATING_ADMISSION_POLICY_BINDING = ResourceType(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
    namespaced=False,
)
CUSTOM_RESOURCE_DEFINITION = ResourceType(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
)
VIRTUAL_SERVICE = ResourceType("networking.istio.io", "v1", "VirtualService", "virtualservices")
ARGO_APPLICATION = ResourceType("argoproj.io", "v1alpha1", "Application", "applications")
WORKFLOW = ResourceType("argoproj.io", "v1alpha1", "Workflow", "workflows")
WORKFLOW_TEMPLATE = ResourceType("argoproj.io", "v1alpha1", "WorkflowTemplate", "workflowtemplates")
CLUSTER_WORKFLOW_TEMPLATE = ResourceType(
    "argoproj.io",
    "v1alpha1",
    "ClusterWorkflowTemplate",
    "clusterworkflowtemplates",
    namespaced=False,
)
