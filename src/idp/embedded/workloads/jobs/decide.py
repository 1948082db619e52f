"""What a Job does next. Pure.

Rules, the first that applies wins:

1. A finished Job changes no more; it is deleted `ttlSecondsAfterFinished` after its end.
2. A suspended Job has no pods.
3. More failures than `backoffLimit`, or `activeDeadlineSeconds` over: it has failed, its pods go.
4. As many successes as `completions` (or, without `completions`, one success and no pod left):
   it is complete.
5. Otherwise it keeps `parallelism` pods, never more than successes are missing, and after a
   failure waits before the next: 1 s, doubling up to 6 minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from idp.embedded.workloads import pod_state
from idp.kernel.clock import parse_timestamp
from idp.kernel.conditions import condition_of, is_true
from idp.kernel.resource import Manifest

UNSUPPORTED = (
    "podFailurePolicy",
    "podReplacementPolicy",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
    "successPolicy",
)
_BACKOFF_CAP = 360.0


@dataclass(frozen=True, slots=True)
class Finish:
    """How a Job ends."""

    type: Literal["Complete", "Failed"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Pods of a Job by what became of them."""

    active: int
    ready: int
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do.

    Attributes:
        create: Number of pods to create.
        delete: Names of pods to delete.
        finish: How the Job ends; None while it goes on.
        remove: Whether the Job itself is to be deleted.
        look_again: Seconds until time alone changes something; None when it does not.
    """

    create: int = 0
    delete: tuple[str, ...] = ()
    finish: Finish | None = None
    remove: bool = False
    look_again: float | None = None


def count(job: Manifest, pods: Sequence[Manifest]) -> Counts:
    """Count pods; what was counted once stays counted when the pod is deleted."""
    status = job.get("status") or {}
    active = [pod for pod in pods if pod_state.is_active(pod)]
    ends = [pod_state.phase(pod) for pod in pods]
    return Counts(
        active=len(active),
        ready=sum(pod_state.ready_since(pod) is not None for pod in active),
        succeeded=max(ends.count("Succeeded"), int(status.get("succeeded", 0))),
        failed=max(ends.count("Failed"), int(status.get("failed", 0))),
    )


def decide(job: Manifest, pods: Sequence[Manifest], now: datetime) -> Plan:
    """Apply the rules."""
    spec, counts = job["spec"], count(job, pods)
    if is_finished(job):
        return _after_the_end(job, now)
    active = tuple(p["metadata"]["name"] for p in pods if pod_state.is_active(p))
    if spec.get("suspend"):
        return Plan(delete=active)
    restarts = sum(pod_state.restarts(pod) for pod in pods if pod_state.is_active(pod))
    if (failure := _failure(job, counts, restarts, now)) is not None:
        return Plan(delete=active, finish=failure)
    completions = spec.get("completions", 1 if spec.get("parallelism", 1) == 1 else None)
    if completions is None:
        done = counts.succeeded > 0 and counts.active == 0
        missing = 0 if counts.succeeded else int(spec["parallelism"]) - counts.active
    else:
        done = counts.succeeded >= int(completions)
        room = int(spec.get("parallelism", 1)) - counts.active
        missing = min(room, int(completions) - counts.succeeded - counts.active)
    if done:
        message = "Reached expected number of succeeded pods"
        return Plan(delete=active, finish=Finish("Complete", "CompletionsReached", message))
    deadline = _seconds_to_deadline(job, now)
    if missing < 0:
        return Plan(delete=active[missing:], look_again=deadline)
    wait = _backoff(pods, counts, now) if missing else 0.0
    if wait > 0:
        return Plan(look_again=wait if deadline is None else min(wait, deadline))
    return Plan(create=missing, look_again=deadline)


def is_finished(job: Manifest) -> bool:
    """Whether the Job has come to an end."""
    return is_true(job, "Complete") or is_true(job, "Failed")


def _after_the_end(job: Manifest, now: datetime) -> Plan:
    ttl = job["spec"].get("ttlSecondsAfterFinished")
    if ttl is None:
        return Plan()
    condition = condition_of(job, "Complete") or condition_of(job, "Failed") or {}
    due = parse_timestamp(condition["lastTransitionTime"]) + timedelta(seconds=int(ttl))
    left = (due - now).total_seconds()
    return Plan(remove=True) if left <= 0 else Plan(look_again=left)


def _failure(job: Manifest, counts: Counts, restarts: int, now: datetime) -> Finish | None:
    spec = job["spec"]
    refused = [
        field for field in UNSUPPORTED if spec.get(field) not in (None, "TerminatingOrFailed")
    ]
    if spec.get("completionMode", "NonIndexed") != "NonIndexed":
        refused.append("completionMode")
    if refused:
        fields = ", ".join(f"spec.{field}" for field in refused)
        return Finish("Failed", "Unsupported", f"not supported on one machine: {fields}")
    if counts.failed + restarts > int(spec.get("backoffLimit", 6)):
        message = "Job has reached the specified backoff limit"
        return Finish("Failed", "BackoffLimitExceeded", message)
    left = _seconds_to_deadline(job, now)
    if left is not None and left <= 0:
        message = "Job was active longer than specified deadline"
        return Finish("Failed", "DeadlineExceeded", message)
    return None


def _seconds_to_deadline(job: Manifest, now: datetime) -> float | None:
    limit = job["spec"].get("activeDeadlineSeconds")
    started = (job.get("status") or {}).get("startTime")
    if limit is None or started is None:
        return None if limit is None else float(limit)
    due = parse_timestamp(started) + timedelta(seconds=int(limit))
    return (due - now).total_seconds()


def _backoff(pods: Sequence[Manifest], counts: Counts, now: datetime) -> float:
    """Seconds to wait before the next pod after the last failure."""
    if counts.failed == 0:
        return 0.0
    ends = [
        parse_timestamp(state["terminated"]["finishedAt"])
        for pod in pods
        if pod_state.phase(pod) == "Failed"
        for status in (pod.get("status") or {}).get("containerStatuses") or []
        if "finishedAt" in (state := status.get("state") or {}).get("terminated", {})
    ]
    if not ends:
        return 0.0
    wait = min(2.0 ** (counts.failed - 1), _BACKOFF_CAP)
    return wait - (now - max(ends)).total_seconds()
