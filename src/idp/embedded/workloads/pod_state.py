"""What the controllers read from a Pod. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from idp.kernel.clock import parse_timestamp
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest

FINALIZER = "platform.idp/processes"
"""Keeps a Pod in the API until its processes are gone, also when the engine dies in between."""

PORT_ANNOTATION = "platform.idp/port"
"""The loopback port that the engine allocated for the pod's first containerPort."""


def is_terminating(pod: Manifest) -> bool:
    """Whether deletion was asked for."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def phase(pod: Manifest) -> str:
    """`Pending`, `Running`, `Succeeded` or `Failed`."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_finished(pod: Manifest) -> bool:
    """Whether the pod will never run again."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Manifest) -> bool:
    """Whether the pod counts as a replica."""
    return not is_terminating(pod) and not is_finished(pod)


def ready_since(pod: Manifest) -> datetime | None:
    """Since when the pod can serve; None while it cannot."""
    condition = condition_of(pod, "Ready")
    if condition is None or condition.get("status") != "True":
        return None
    return parse_timestamp(condition["lastTransitionTime"])


def is_available(pod: Manifest, min_ready_seconds: int, now: datetime) -> bool:
    """Whether the pod has been able to serve for long enough."""
    since = ready_since(pod)
    return since is not None and since + timedelta(seconds=min_ready_seconds) <= now


def restarts(pod: Manifest) -> int:
    """Restarts of all its containers."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return sum(int(status.get("restartCount", 0)) for status in statuses)


def allocated_port(pod: Manifest) -> int | None:
    """The port of the first containerPort on this machine; None before it is allocated."""
    text = (pod["metadata"].get("annotations") or {}).get(PORT_ANNOTATION)
    return int(text) if text and text.isdigit() else None


def first_container_port(pod_spec: Manifest) -> Manifest | None:
    """The first port that a container of the pod declares."""
    for container in pod_spec.get("containers") or []:
        for port in container.get("ports") or []:
            declared: Manifest = port
            return declared
    return None


def controller_of(manifest: Manifest) -> Manifest | None:
    """The owner reference of the controller that manages an object."""
    for owner in manifest["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            found: Manifest = owner
            return found
    return None
