"""The objects by which a person promotes, rolls back, decides and freezes, wherever it is done.

Pure, but for the clock that an acceptance's end is counted from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.clock import parse_timestamp, timestamp
from idp.kernel.errors import InvalidInput
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


def abort_of(promotion: Manifest, user: str, reason: str) -> Manifest:
    """A PromotionAbort of this very promotion; it goes when the promotion does."""
    meta = promotion["metadata"]
    type_ = Promotion.type()
    owner = {
        "apiVersion": type_.api_version,
        "kind": type_.kind,
        "name": meta["name"],
        "uid": meta["uid"],
    }
    return {
        "metadata": {
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            "ownerReferences": [owner],
        },
        "spec": {
            "promotion": meta["name"],
            "promotionUid": meta["uid"],
            "user": user,
            "reason": reason,
        },
    }


def retry_of(promotion: Manifest, initiator: str, reason: str) -> Manifest:
    """A Promotion that does again what one did that ended; it records which."""
    meta, spec = promotion["metadata"], promotion["spec"]
    former = spec.get("reason", "")
    again = f"retry of {meta['name']}" + (f": {reason or former}" if reason or former else "")
    # One member of a set alone is no set; what a rollback undid before is not the newest any more.
    same = {name: value for name, value in spec.items() if name not in ("set", "undoes")}
    return {
        "metadata": {"generateName": f"{meta['name'][:50]}-", "namespace": meta["namespace"]},
        "spec": {**same, "initiator": initiator, "reason": again[:2000], "retries": meta["name"]},
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


def freeze_of(
    name: str,
    by: str,
    *,
    reason: str,
    start: datetime | None,
    until: datetime,
    applications: Sequence[str],
    namespaces: Sequence[str],
) -> Manifest:
    """A Freeze; times without a zone are UTC.

    Args:
        name: Its name.
        by: Who freezes.
        reason: Why.
        start: When it begins; None means at once.
        until: When it ends by itself.
        applications: Names of those that are frozen; empty means all.
        namespaces: As `applications`.

    Raises:
        InvalidInput: It ends before it begins.
    """
    until, start = _utc(until), _utc(start) if start else None
    if start is not None and until <= start:
        raise InvalidInput("the freeze would end before it begins")
    spec: Manifest = {
        "until": timestamp(until),
        "reason": reason,
        "by": by,
        "selector": {"applications": list(applications), "namespaces": list(namespaces)},
    }
    if start is not None:
        spec["start"] = timestamp(start)
    return {"metadata": {"name": name}, "spec": spec}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def freeze_state(freeze: Manifest, now: datetime) -> Literal["on", "to come", "over"]:
    """Whether a Freeze is on."""
    spec = freeze["spec"]
    if parse_timestamp(spec["until"]) <= now:
        return "over"
    start = spec.get("start") or freeze["metadata"].get("creationTimestamp")
    return "to come" if start and parse_timestamp(start) > now else "on"
