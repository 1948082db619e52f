"""The CustomResourceDefinitions of Argo's kinds, like those that Argo ships in its minimal form.

Unlike Argo's, the status of a Workflow is a subresource: whoever may create a workflow must not be
able to bring a status along, for the status says which templates are run.
"""

from __future__ import annotations

from idp.kernel.definition import OPEN, definition, object_schema
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


def _definition(type: ResourceType) -> Manifest:
    """Argo's fields are many and checked by the engine, which names what it refuses."""
    short_names, required = _SHORT_NAMES[type.kind], ("metadata", "spec")
    if type != WORKFLOW:
        schema = object_schema(required=required, spec=OPEN)
        return definition(type, schema, short_names=short_names, status=False)
    schema = object_schema(required=required, spec=OPEN, status=OPEN)
    return definition(type, schema, short_names=short_names, columns=_COLUMNS)
