"""The pipelines as Argo `ClusterWorkflowTemplate`s. Pure.

Every node is a `resource` template: it creates a `PipelineStep` and waits for its phase. `apply`
instead of `create` makes a node repeatable: a workflow engine that is killed between the creation
and its own note of it finds the step as it left it. Order, retries and conditions are Argo's; a
user's pipeline is a copy of these with more steps in it.

Texts are substituted into the YAML of a manifest, so every one is quoted and every value is checked
where the workflow is made (see `workflows.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from idp.capabilities.promotion.kinds import PipelineStep
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.standard import CLUSTER_WORKFLOW_TEMPLATE

PUSH, PROMOTE, ROLLBACK = "push", "promote", "rollback"

PIPELINE_ACCOUNT = "idp-pipeline"
"""ServiceAccount with whose rights the workflows create their steps."""
UID_LABEL = "platform.idp/promotion-uid"
APPLICATION_LABEL = "platform.idp/application"
WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
KEPT_SECONDS = 14 * 86400
"""How long a finished workflow and its steps are kept; the ledger keeps what was decided."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a pipeline.

    Attributes:
        uses: Name of the step, also of the node.
        parameters: `spec.with`; values may refer to workflow parameters.
        deadline: Seconds, or the name of the workflow parameter that holds them.
    """

    uses: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    deadline: int | str = 300


def step(uses: str) -> str:
    """Name of the object that an earlier node created."""
    return f"{{{{workflow.name}}}}-{uses}"


def parameter(name: str) -> str:
    """A reference to a workflow parameter."""
    return f"{{{{workflow.parameters.{name}}}}}"


PERFORMANCE_SECONDS = 1500
"""Twenty gates of a minute each, and some time to spare."""
_ATTESTED = ("admit", "verdict", "approval", "gates", "confirm", "verify", "performance")
_APPLICATION = {"application": parameter("application")}
_RELEASE = {"release": parameter("release")}
_SOURCE = {
    **_APPLICATION,
    "repository": parameter("repository"),
    "author": parameter("author"),
}
_COMMIT = parameter("commit")
_TO_BUILD = {**_SOURCE, "revision": _COMMIT}
_BUILD = {"build": step("build")}

PUSH_NODES = (
    Node("build", _TO_BUILD, 900),
    Node("sbom", _BUILD, 300),
    Node("scan", _BUILD, 600),
    Node("sign", _BUILD, 120),
    Node("release", {**_SOURCE, "commit": _COMMIT, **_BUILD, "sign": step("sign")}, 120),
)
PROMOTE_NODES = (
    Node("admit", _RELEASE, 300),
    Node("scan", _RELEASE, 600),
    Node("verdict", {**_RELEASE, "admit": step("admit"), "scan": step("scan")}, 120),
    Node("approval", {**_RELEASE, "verdict": step("verdict")}, "approval-deadline"),
    Node(
        "gates",
        {**_RELEASE, **{uses: step(uses) for uses in ("admit", "verdict", "approval")}},
        "gates-deadline",
    ),
    Node(
        "commit",
        {**_RELEASE, "approval": step("approval"), "gates": step("gates")},
        "turn-deadline",
    ),
    Node("sync", {**_APPLICATION, "change": step("commit")}, "rollout-deadline"),
    Node("confirm", {**_APPLICATION, "change": step("commit")}, "rollout-deadline"),
    Node("verify", {**_APPLICATION, "confirm": step("confirm")}, "verification-deadline"),
    Node(
        "performance",
        {**_APPLICATION, "gates": step("gates"), "verify": step("verify")},
        PERFORMANCE_SECONDS,
    ),
    Node(
        "attest",
        {
            **_RELEASE,
            **{uses: step(uses) for uses in _ATTESTED},
        },
        300,
    ),
)
_REVERTED = {**_APPLICATION, "change": step("revert"), "uses": "revert"}
ROLLBACK_NODES = (
    Node("revert", _APPLICATION, "turn-deadline"),
    Node("sync", _REVERTED, "rollout-deadline"),
    Node("confirm", _REVERTED, "rollout-deadline"),
    Node("verify", {**_APPLICATION, "confirm": step("confirm")}, "verification-deadline"),
)

PUSH_PARAMETERS = ("application", "repository", "commit", "author")
_DEADLINES = ("turn-deadline", "rollout-deadline", "verification-deadline")
ROLLBACK_PARAMETERS = ("application", "promotion", "promotion-uid", *_DEADLINES)
PROMOTE_PARAMETERS = (*ROLLBACK_PARAMETERS, "release", "approval-deadline", "gates-deadline")


def cluster_workflow_templates() -> list[Manifest]:
    """`push`, `promote` and `rollback`."""
    return [
        _template(PUSH, PUSH_PARAMETERS, PUSH_NODES),
        _template(PROMOTE, PROMOTE_PARAMETERS, PROMOTE_NODES),
        _template(ROLLBACK, ROLLBACK_PARAMETERS, ROLLBACK_NODES),
    ]


def _template(name: str, parameters: Sequence[str], nodes: Sequence[Node]) -> Manifest:
    of_promotion = "promotion" in parameters
    main = {"name": "main", "steps": [[{"name": n.uses, "template": n.uses}] for n in nodes]}
    steps = [_node(node, position, of_promotion) for position, node in enumerate(nodes, start=1)]
    return render(
        CLUSTER_WORKFLOW_TEMPLATE,
        name,
        spec={
            "entrypoint": "main",
            "arguments": {"parameters": [{"name": parameter} for parameter in parameters]},
            "ttlStrategy": {"secondsAfterCompletion": KEPT_SECONDS},
            "templates": [main, *steps],
        },
    )


def _node(node: Node, position: int, of_promotion: bool) -> Manifest:
    return {
        "name": node.uses,
        "resource": {
            "action": "apply",
            "setOwnerReference": True,
            "successCondition": "status.phase == Succeeded",
            "failureCondition": "status.phase == Failed",
            "manifest": _manifest(node, position, of_promotion),
        },
    }


def _manifest(node: Node, position: int, of_promotion: bool) -> str:
    """YAML text. A deadline stays unquoted, for it must become a number."""
    deadline = parameter(node.deadline) if isinstance(node.deadline, str) else node.deadline
    type_ = PipelineStep.type()
    labels = {
        "app.kubernetes.io/managed-by": "idp",
        APPLICATION_LABEL: parameter("application"),
    }
    if of_promotion:
        labels[UID_LABEL] = parameter("promotion-uid")
    else:
        labels[WORKFLOW_LABEL] = "{{workflow.name}}"
    lines = [
        f"apiVersion: {type_.api_version}",
        f"kind: {type_.kind}",
        "metadata:",
        f'  name: "{step(node.uses)}"',
        '  namespace: "{{workflow.namespace}}"',
        "  labels:",
        *(f'    {key}: "{value}"' for key, value in labels.items()),
        "spec:",
        f"  uses: {node.uses}",
        *([f'  promotion: "{parameter("promotion")}"'] if of_promotion else []),
        f"  position: {position}",
        f"  deadlineSeconds: {deadline}",
        "  with:",
        *(f'    {key}: "{value}"' for key, value in node.parameters.items()),
    ]
    return "\n".join(lines) + "\n"
