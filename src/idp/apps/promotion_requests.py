"""The objects by which a person promotes, rolls back and decides, from wherever it is done.

Pure, but for the clock that an acceptance's end is counted from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from idp.kernel.clock import timestamp
from idp.kernel.resource import Manifest


def promotion_of(
    namespace: str,
    application: str,
    release: str,
    initiator: str,
    *,
    reason: str = "",
    hotfix: bool = False,
) -> Manifest:
    """A Promotion that brings a release, by the name of its object.

    Args:
        namespace: Of the application.
        application: Its name.
        release: Name of the Release.
        initiator: Who starts it.
        reason: Why; demanded for a hotfix.
        hotfix: Whether it takes the expedited way.
    """
    spec = {"application": application, "release": release, "initiator": initiator}
    return {
        "metadata": {"generateName": f"{release}-", "namespace": namespace},
        "spec": {
            **spec,
            **({"reason": reason} if reason else {}),
            **({"hotfix": True} if hotfix else {}),
        },
    }


def rollback_of(namespace: str, application: str, initiator: str, reason: str) -> Manifest:
    """A Promotion that goes back."""
    return {
        "metadata": {"generateName": f"{application}-rollback-", "namespace": namespace},
        "spec": {
            "application": application,
            "action": "rollback",
            "initiator": initiator,
            "reason": reason,
        },
    }


def approval_of(
    *,
    namespace: str,
    promotion: str,
    release_digest: str,
    policy_version: str,
    target: str,
    decision: Literal["approve", "reject"],
    approver: str,
    groups: Sequence[str],
    comment: str,
    accepts: Sequence[str],
    days: int,
    emergency: bool = False,
) -> Manifest:
    """An Approval, bound to the release, the target and the policy that were looked at.

    Args:
        namespace: Of the promotion.
        promotion: Its name.
        release_digest: The release that the approver looked at.
        policy_version: The rules that were in force then.
        target: Environment.
        decision: What was decided.
        approver: Who decides.
        groups: The approver's groups.
        comment: Why.
        accepts: Gaps in the evidence that are accepted by name.
        days: For how long they are.
        emergency: Whether it is an override.
    """
    until = timestamp(datetime.now(UTC) + timedelta(days=days))
    return {
        "metadata": {"generateName": f"{promotion}-", "namespace": namespace},
        "spec": {
            "promotion": promotion,
            "releaseDigest": release_digest,
            "target": target,
            "policyVersion": policy_version,
            "decision": decision,
            "approver": approver,
            "approverGroups": list(groups),
            "comment": comment,
            "accepts": [{"name": gap, "until": until} for gap in accepts],
            **({"emergency": True} if emergency else {}),
        },
    }
