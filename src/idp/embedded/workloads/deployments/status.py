"""The status of a Deployment, with the reasons that Kubernetes uses. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.kernel.clock import parse_timestamp, timestamp
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest

_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")


@dataclass(frozen=True, slots=True)
class Observed:
    """What the status is made of.

    Attributes:
        deployment: As stored, with its former status.
        new: The ReplicaSet of the present template; None before it exists.
        old: The other ReplicaSets.
        max_unavailable: Pods that may be missing.
        collisions: How often the name of a new ReplicaSet was taken.
    """

    deployment: Manifest
    new: Manifest | None
    old: Sequence[Manifest]
    max_unavailable: int
    collisions: int = 0


def status(observed: Observed, now: datetime) -> Manifest:
    """The whole status."""
    deployment, new = observed.deployment, observed.new
    every = [*observed.old, *([new] if new else [])]
    counts = {
        "replicas": sum(_number(r, "replicas") for r in every),
        "updatedReplicas": _number(new, "replicas") if new else 0,
        "readyReplicas": sum(_number(r, "readyReplicas") for r in every),
        "availableReplicas": sum(_number(r, "availableReplicas") for r in every),
    }
    desired = int(deployment["spec"].get("replicas", 1))
    result: Manifest = {
        **counts,
        "unavailableReplicas": max(desired - counts["availableReplicas"], 0),
        "observedGeneration": deployment["metadata"].get("generation", 0),
    }
    if observed.collisions:
        result["collisionCount"] = observed.collisions
    conditions = [
        _available(counts["availableReplicas"] >= desired - observed.max_unavailable),
        _progressing(observed, result, desired, now),
        *_replica_failure(every),
    ]
    former = (deployment.get("status") or {}).get("conditions") or []
    result["conditions"] = [_dated(c, former, now) for c in conditions]
    return result


def seconds_to_deadline(deployment: Manifest, status: Manifest, now: datetime) -> float | None:
    """How long until a rollout without progress is declared dead; None when that is no question."""
    progressing = condition_of({"status": status}, "Progressing")
    if progressing is None or progressing["reason"] in _SETTLED:
        return None
    due = parse_timestamp(progressing["lastUpdateTime"]) + _deadline(deployment)
    return max((due - now).total_seconds(), 0.1)


_SETTLED = ("NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused")


def _number(replica_set: Manifest, field: str) -> int:
    return int((replica_set.get("status") or {}).get(field, 0))


def _deadline(deployment: Manifest) -> timedelta:
    return timedelta(seconds=int(deployment["spec"].get("progressDeadlineSeconds", 600)))


def _condition(type: str, holds: bool, reason: str, message: str) -> Manifest:
    return {
        "type": type,
        "status": "True" if holds else "False",
        "reason": reason,
        "message": message,
    }


def _available(holds: bool) -> Manifest:
    if holds:
        message = "Deployment has minimum availability."
        return _condition("Available", True, "MinimumReplicasAvailable", message)
    message = "Deployment does not have minimum availability."
    return _condition("Available", False, "MinimumReplicasUnavailable", message)


def _progressing(observed: Observed, counts: Manifest, desired: int, now: datetime) -> Manifest:
    deployment, new = observed.deployment, observed.new
    if deployment["spec"].get("paused"):
        return _condition("Progressing", True, "DeploymentPaused", "Deployment is paused")
    if new is None:
        message = "Waiting for the new ReplicaSet"
        return _condition("Progressing", True, "ReplicaSetUpdated", message)
    name = new["metadata"]["name"]
    wanted = int(new["spec"].get("replicas", 0))
    complete = wanted == desired and all(counts[field] == desired for field in _COUNTS)
    if complete:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return _condition("Progressing", True, "NewReplicaSetAvailable", message)
    former = condition_of(deployment, "Progressing")
    if former is not None and not _advanced(deployment, counts) and _same_rollout(deployment):
        if former["reason"] == "ProgressDeadlineExceeded":
            return former
        overdue = parse_timestamp(former["lastUpdateTime"]) + _deadline(deployment) <= now
        if overdue and former["reason"] not in _SETTLED:
            message = f'ReplicaSet "{name}" has timed out progressing.'
            return _condition("Progressing", False, "ProgressDeadlineExceeded", message)
        if former["reason"] not in _SETTLED:
            return former
    message = f'ReplicaSet "{name}" is progressing.'
    return _condition("Progressing", True, "ReplicaSetUpdated", message) | {"advanced": True}


def _same_rollout(deployment: Manifest) -> bool:
    generation = (deployment.get("status") or {}).get("observedGeneration")
    return bool(generation == deployment["metadata"].get("generation", 0))


def _advanced(deployment: Manifest, counts: Manifest) -> bool:
    """Whether more is new, ready or available than before, or less is old."""
    before = deployment.get("status") or {}

    def old(status: Manifest) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    return old(counts) < old(before) or any(
        counts[field] > int(before.get(field, 0)) for field in _COUNTS[1:]
    )


def _replica_failure(every: Sequence[Manifest]) -> list[Manifest]:
    for replica_set in every:
        if (failure := condition_of(replica_set, "ReplicaFailure")) is not None:
            return [_condition("ReplicaFailure", True, failure["reason"], failure["message"])]
    return []


def _dated(condition: Manifest, former: Sequence[Manifest], now: datetime) -> Manifest:
    """Add the times: `lastTransitionTime` of the status, `lastUpdateTime` of the progress."""
    condition = dict(condition)
    advanced = condition.pop("advanced", False)
    known = next((c for c in former if c["type"] == condition["type"]), None)
    stamp = timestamp(now)
    if known is None:
        return condition | {"lastUpdateTime": stamp, "lastTransitionTime": stamp}
    same_status = known["status"] == condition["status"]
    same_reason = known["reason"] == condition["reason"]
    return condition | {
        "lastUpdateTime": known["lastUpdateTime"] if same_reason and not advanced else stamp,
        "lastTransitionTime": known["lastTransitionTime"] if same_status else stamp,
    }
