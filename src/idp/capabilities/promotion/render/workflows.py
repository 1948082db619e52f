"""The Argo `Workflow` of a push and of a promotion. Pure.

Their values end up inside the YAML of the templates, so each must match a pattern that cannot break
out of a quoted text. A value that does not is refused here, whoever sent it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.kinds import Promotion
from idp.capabilities.promotion.render.templates import (
    APPLICATION_LABEL,
    PIPELINE_ACCOUNT,
    PROMOTE,
    PROMOTE_PARAMETERS,
    PUSH,
    ROLLBACK,
    ROLLBACK_PARAMETERS,
    UID_LABEL,
)
from idp.kernel.errors import InvalidInput
from idp.kernel.manifest import owned_by, render
from idp.kernel.resource import Manifest
from idp.kernel.standard import WORKFLOW

TURN_SECONDS = 3600
"""How long a promotion may wait for another one of the same application to end."""
LEAST_GATES_HOURS = 14 * 24
"""How long a promotion waits for a freeze to end, when no gate may wait longer."""

_LONGEST_NAME = 63
_SAFE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._:@/+-]{0,254}[A-Za-z0-9])?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def push_workflow_name(application: str, commit: str) -> str:
    """`push-<application>-<12 digits of the commit>`; short enough to be a label's value."""
    name = f"push-{application}-{commit[:12]}"
    if len(name) <= _LONGEST_NAME:
        return name
    short = hashlib.sha256(application.encode()).hexdigest()[:8]
    return f"push-{application[:35].rstrip('-')}-{short}-{commit[:12]}"


def push_workflow(
    namespace: str, application: str, repository: str, commit: str, author: str
) -> Manifest:
    """The pipeline of a push; the same commit always has the same name.

    Args:
        namespace: Of the application.
        application: Its name.
        repository: Git repository, `namespace/name`.
        commit: Full commit id.
        author: User who pushed.

    Raises:
        InvalidInput: A value cannot stand in a workflow; the message names it.
    """
    if not _COMMIT.fullmatch(commit):
        raise InvalidInput(f"{commit[:50]!r} is not a full commit id")
    values = {
        "application": application,
        "repository": repository,
        "commit": commit,
        "author": author,
    }
    labels = {APPLICATION_LABEL: application, "platform.idp/commit": commit}
    name = push_workflow_name(application, commit)
    return _workflow(PUSH, name, namespace, values, labels)


def promotion_workflow(promotion: Promotion, rules: PromotionPipelineSpec) -> Manifest:
    """The pipeline of a promotion or a rollback; it has the promotion's name and owner.

    Raises:
        InvalidInput: A value cannot stand in a workflow; the message names it.
    """
    rollback = promotion.spec.action == "rollback"
    values = {
        "application": promotion.spec.application,
        "promotion": promotion.name,
        "promotion-uid": promotion.metadata.uid,
        "release": promotion.spec.release,
        "approval-deadline": str(rules.approval.deadline_hours * 3600),
        "gates-deadline": str(_gates_seconds(rules)),
        "turn-deadline": str(TURN_SECONDS),
        "rollout-deadline": str(rules.rollout_deadline_seconds),
        "verification-deadline": str(rules.verification.deadline_seconds),
    }
    names = ROLLBACK_PARAMETERS if rollback else PROMOTE_PARAMETERS
    manifest = _workflow(
        ROLLBACK if rollback else PROMOTE,
        promotion.name,
        promotion.namespace,
        {name: values[name] for name in names},
        {APPLICATION_LABEL: promotion.spec.application, UID_LABEL: promotion.metadata.uid},
    )
    return owned_by(promotion.manifest(), [manifest])[0]


def longest_seconds(rules: PromotionPipelineSpec) -> int:
    """After this time a promotion has ended, or something that runs it is broken."""
    waits = rules.approval.deadline_hours * 3600 + _gates_seconds(rules) + TURN_SECONDS
    return waits + 2 * rules.rollout_deadline_seconds + rules.verification.deadline_seconds + 3600


def _gates_seconds(rules: PromotionPipelineSpec) -> int:
    """The step ends a little after its last gate, which then says itself what it waited for."""
    return max([LEAST_GATES_HOURS, *(g.deadline_hours for g in rules.gates)]) * 3600 + 300


def _workflow(
    template: str,
    name: str,
    namespace: str,
    values: Mapping[str, str],
    labels: dict[str, str],
) -> Manifest:
    for key, value in values.items():
        if not _SAFE.fullmatch(value):
            raise InvalidInput(
                f"{key} {value[:80]!r} cannot be a parameter of a pipeline",
                remedy="Use letters, digits and . _ : @ / + - only.",
            )
    return render(
        WORKFLOW,
        name,
        namespace,
        labels=labels,
        spec={
            "serviceAccountName": PIPELINE_ACCOUNT,
            "workflowTemplateRef": {"name": template, "clusterScope": True},
            "arguments": {
                "parameters": [{"name": key, "value": value} for key, value in values.items()]
            },
        },
    )
