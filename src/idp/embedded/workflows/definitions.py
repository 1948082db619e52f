"""The CustomResourceDefinitions of Argo's kinds, like those that Argo ships in its minimal form.

Unlike Argo's, the status of a Workflow is a subresource: whoever may create a workflow must not be
able to bring a status along, for the status says which templates are run.
"""

from __future__ import annotations

from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CLUSTER_WORKFLOW_TEMPLATE, WORKFLOW, WORKFLOW_TEMPLATE

_SHORT_NAMES = {
    "Workflow": ["wf"],
    "WorkflowTemplate": ["wftmpl"],
    "ClusterWorkflowTemplate": ["clusterwftmpl", "cwft"],
}
_COLUMNS: list[Manifest] = [
    {
        "name": "Status",
        "type": "string",
        "jsonPath": ".status.phase",
        "description": "Status of the workflow",
    },
    {
        "name": "Age",
        "type": "date",
        "format": "date-time",
        "jsonPath": ".status.startedAt",
        "description": "When the workflow was started",
    },
    {
        "name": "Message",
        "type": "string",
        "jsonPath": ".status.message",
        "description": "Human readable message indicating details about why the workflow is in "
        "this condition.",
    },
]


def custom_resource_definitions() -> list[Manifest]:
    """The definitions of the three kinds."""
    return [_definition(t) for t in (WORKFLOW, WORKFLOW_TEMPLATE, CLUSTER_WORKFLOW_TEMPLATE)]


def _definition(resource_type: ResourceType) -> Manifest:
    version: Manifest = {
        "name": resource_type.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _schema(resource_type)},
    }
    if resource_type == WORKFLOW:
        version["additionalPrinterColumns"] = _COLUMNS
        version["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource_type.plural}.{resource_type.group}",
            "labels": {"app.kubernetes.io/managed-by": "idp"},
        },
        "spec": {
            "group": resource_type.group,
            "scope": "Namespaced" if resource_type.namespaced else "Cluster",
            "names": {
                "kind": resource_type.kind,
                "listKind": f"{resource_type.kind}List",
                "plural": resource_type.plural,
                "singular": resource_type.kind.lower(),
                "shortNames": _SHORT_NAMES[resource_type.kind],
            },
            "versions": [version],
        },
    }


def _schema(resource_type: ResourceType) -> Manifest:
    """Argo's fields are many and checked by the engine, which names what it refuses."""
    free: Manifest = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties: Manifest = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": free,
    }
    if resource_type == WORKFLOW:
        properties["status"] = free
    return {"type": "object", "required": ["metadata", "spec"], "properties": properties}
