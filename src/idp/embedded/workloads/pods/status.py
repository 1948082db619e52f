"""The status of a Pod, from what is known of its containers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.embedded.workloads.pods import restarts
from idp.embedded.workloads.pods.record import ContainerRecord, Terminated
from idp.kernel.clock import timestamp
from idp.kernel.resource import Manifest

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ContainerView:
    """A container as the status shows it.

    Attributes:
        name: Its name.
        image: As the pod names it.
        record: What is known.
        waiting: Reason and message while it does not run.
        trouble: Why it cannot serve though it runs; empty when nothing is known.
        policy: `restartPolicy` of the pod.
        init: Whether it is an init container.
    """

    name: str
    image: str
    record: ContainerRecord
    waiting: tuple[str, str]
    trouble: str
    policy: str
    init: bool

    @property
    def ended(self) -> Terminated | None:
        """How it ended, if it will never run again."""
        ended = self.record.terminated
        if ended is None or restarts.starts_again(self.policy, ended, init=self.init):
            return None
        return ended


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a pod cannot run, or ran no further, as a whole."""

    reason: str
    message: str
    final: bool = False


def pod_status(
    pod: Manifest,
    views: Sequence[ContainerView],
    *,
    failure: Failure | None,
    sandbox_missing: Sequence[str],
    now: datetime,
) -> Manifest:
    """The whole status.

    Args:
        pod: With its former status, for the times of transitions.
        views: All containers, init containers too.
        failure: What concerns the pod as a whole; None when nothing does.
        sandbox_missing: Isolation that its processes do not have.
        now: The time.
    """
    init = [view for view in views if view.init]
    main = [view for view in views if not view.init]
    former = pod.get("status") or {}
    phase = _phase(init, main, failure)
    result: Manifest = {
        "phase": phase,
        "startTime": former.get("startTime", timestamp(now)),
        "hostIP": LOOPBACK,
        "podIP": LOOPBACK,
        "podIPs": [{"ip": LOOPBACK}],
        "observedGeneration": pod["metadata"].get("generation", 0),
        "containerStatuses": [_container(view) for view in main],
    }
    if init:
        result["initContainerStatuses"] = [_container(view) for view in init]
    if failure is not None:
        result |= {"reason": failure.reason, "message": failure.message}
    conditions = _conditions(init, main, phase, failure, sandbox_missing)
    known = {c["type"]: c for c in former.get("conditions") or []}
    result["conditions"] = [_dated(condition, known, now) for condition in conditions]
    return result


def _phase(
    init: Sequence[ContainerView], main: Sequence[ContainerView], failure: Failure | None
) -> str:
    if failure is not None:
        return "Failed" if failure.final else "Pending"
    if any(view.ended and view.ended.exit_code for view in init):
        return "Failed"
    if any(view.record.attempt < 0 for view in main):
        return "Pending"
    ends = [view.ended for view in main]
    if all(ends):
        return "Failed" if any(end and end.exit_code for end in ends) else "Succeeded"
    return "Running"


def _container(view: ContainerView) -> Manifest:
    record = view.record
    result: Manifest = {
        "name": view.name,
        "image": view.image,
        "imageID": record.image,
        "restartCount": record.restarts,
        "ready": record.ready if not view.init else view.ended is not None,
        "started": record.started,
        "state": _state(view),
    }
    last = record.last if record.running or view.ended else record.terminated
    if last is not None:
        result["lastState"] = {"terminated": _terminated(last)}
    return result


def _state(view: ContainerView) -> Manifest:
    if view.record.running and view.record.process is not None:
        return {"running": {"startedAt": view.record.started_at}}
    if view.ended is not None:
        return {"terminated": _terminated(view.ended)}
    reason, message = view.waiting
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def _terminated(end: Terminated) -> Manifest:
    body: Manifest = {"exitCode": end.exit_code, "reason": end.reason}
    for field, value in (
        ("message", end.message),
        ("startedAt", end.started_at),
        ("finishedAt", end.finished_at),
    ):
        if value:
            body[field] = value
    return body


def _conditions(
    init: Sequence[ContainerView],
    main: Sequence[ContainerView],
    phase: str,
    failure: Failure | None,
    sandbox_missing: Sequence[str],
) -> list[Manifest]:
    waiting = [view.name for view in init if not (view.ended and not view.ended.exit_code)]
    initialized = _condition("Initialized", not waiting)
    if waiting:
        names = " ".join(waiting)
        initialized |= {
            "reason": "ContainersNotInitialized",
            "message": f"containers with incomplete status: [{names}]",
        }
    ready = _ready(main, phase, failure)
    conditions = [
        _condition("PodScheduled", True),
        initialized,
        {**ready, "type": "ContainersReady"},
        ready,
    ]
    if sandbox_missing:
        conditions.append(
            _condition("SandboxUnavailable", True)
            | {
                "reason": "SandboxUnavailable",
                "message": "the processes run without: " + "; ".join(sandbox_missing),
            }
        )
    return conditions


def _ready(main: Sequence[ContainerView], phase: str, failure: Failure | None) -> Manifest:
    if failure is not None:
        reason, message = failure.reason, failure.message
    elif phase in ("Succeeded", "Failed"):
        reason, message = "PodCompleted" if phase == "Succeeded" else "PodFailed", ""
    else:
        unready = [view for view in main if not view.record.ready]
        if not unready:
            return _condition("Ready", True)
        names = " ".join(view.name for view in unready)
        details = [f"{view.name}: {why}" for view in unready if (why := _why(view))]
        message = "; ".join([f"containers with unready status: [{names}]", *details])
        reason = "ContainersNotReady"
    return _condition("Ready", False) | {"reason": reason, "message": message}


def _why(view: ContainerView) -> str:
    if view.record.running and view.record.process is not None:
        return view.trouble
    if view.ended is not None:
        return f"{view.ended.reason}, exit code {view.ended.exit_code}"
    reason, message = view.waiting
    return f"{reason}: {message}" if message else reason


def _condition(type: str, holds: bool) -> Manifest:
    return {"type": type, "status": "True" if holds else "False"}


def _dated(condition: Manifest, known: Mapping[str, Manifest], now: datetime) -> Manifest:
    old = known.get(condition["type"])
    same = old is not None and old["status"] == condition["status"]
    since = old["lastTransitionTime"] if old is not None and same else timestamp(now)
    return condition | {"lastTransitionTime": since}
