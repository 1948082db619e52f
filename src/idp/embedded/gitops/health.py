"""How well an object is, by Argo CD's rules for its kind. Pure.

Rules: https://argo-cd.readthedocs.io/en/stable/operator-manual/health/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from idp.kernel.conditions import condition_of, is_true
from idp.kernel.resource import PLATFORM_GROUP, Manifest

HealthStatus = Literal["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"]
_WORST_LAST: tuple[HealthStatus, ...] = (
    "Healthy",
    "Suspended",
    "Progressing",
    "Missing",
    "Degraded",
    "Unknown",
)
_BROKEN_WAITS = {
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
}


@dataclass(frozen=True, slots=True)
class Health:
    """Argo CD's health of an object."""

    status: HealthStatus
    message: str = ""

    def as_json(self) -> Manifest:
        """As `status.health` holds it."""
        return {"status": self.status} | ({"message": self.message} if self.message else {})


def worst(healths: Iterable[Health]) -> Health:
    """The worst of all; healthy when there is none."""
    return max(
        healths, key=lambda health: _WORST_LAST.index(health.status), default=Health("Healthy")
    )


def health_of(manifest: Manifest) -> Health | None:
    """The health of a live object; None when nothing is known of how its kind tells."""
    if manifest["metadata"].get("deletionTimestamp"):
        return Health("Progressing", "it is being deleted")
    if check := _CHECKS.get(manifest["kind"]):
        return check(manifest)
    if manifest["apiVersion"].startswith(f"{PLATFORM_GROUP}/") or condition_of(manifest, "Ready"):
        return _ready(manifest)
    return None


def _outdated(manifest: Manifest) -> bool:
    """Whether the status speaks of an older generation."""
    observed: int = (manifest.get("status") or {}).get("observedGeneration", 0)
    return observed < int(manifest["metadata"].get("generation", 0))


def _ready(manifest: Manifest) -> Health:
    """Kinds with a `Ready` condition. One with a remedy needs a person, so it is degraded."""
    condition = condition_of(manifest, "Ready")
    if condition is None:
        return Health("Progressing", "no controller has reported on it yet")
    message = condition.get("message") or condition.get("reason", "")
    observed = condition.get("observedGeneration") or (manifest.get("status") or {}).get(
        "observedGeneration"
    )
    if observed and observed < manifest["metadata"].get("generation", 0):
        return Health("Progressing", "its controller has not seen the newest generation yet")
    if condition["status"] == "True":
        return Health("Healthy", message)
    stalled = condition_of(manifest, "Stalled") if is_true(manifest, "Stalled") else None
    if stalled or condition.get("remedy"):
        return Health("Degraded", message)
    return Health("Progressing", message)


def _deployment(manifest: Manifest) -> Health:
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    if spec.get("paused"):
        return Health("Suspended", "the Deployment is paused")
    if _outdated(manifest):
        return Health("Progressing", "waiting for the Deployment's controller")
    progressing = condition_of(manifest, "Progressing") or {}
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Health("Degraded", progressing.get("message") or "its progress deadline passed")
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    if updated < wanted:
        return Health("Progressing", f"{updated} of {wanted} replicas are of the new version")
    if (old := status.get("replicas", 0) - updated) > 0:
        return Health("Progressing", f"{old} old replicas are still there")
    if (available := status.get("availableReplicas", 0)) < updated:
        return Health("Progressing", f"{available} of {updated} new replicas are available")
    return Health("Healthy")


def _replica_set(manifest: Manifest) -> Health:
    status = manifest.get("status") or {}
    if _outdated(manifest):
        return Health("Progressing", "waiting for the ReplicaSet's controller")
    failure = condition_of(manifest, "ReplicaFailure") or {}
    if failure.get("status") == "True":
        return Health("Degraded", failure.get("message", ""))
    wanted, available = manifest["spec"].get("replicas", 1), status.get("availableReplicas", 0)
    if available < wanted:
        return Health("Progressing", f"{available} of {wanted} replicas are available")
    return Health("Healthy")


def _pod(manifest: Manifest) -> Health:
    status = manifest.get("status") or {}
    for container in status.get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _BROKEN_WAITS:
            return Health("Degraded", waiting.get("message") or waiting["reason"])
    match status.get("phase"):
        case "Succeeded":
            return Health("Healthy")
        case "Failed":
            return Health("Degraded", status.get("message") or status.get("reason", ""))
        case "Running" if is_true(manifest, "Ready"):
            return Health("Healthy")
        case phase:
            return Health("Progressing", f"the pod is {phase or 'not scheduled'} and not ready")


def _job(manifest: Manifest) -> Health:
    for type, status in (
        ("Failed", "Degraded"),
        ("Complete", "Healthy"),
        ("Suspended", "Suspended"),
    ):
        if is_true(manifest, type):
            message = (condition_of(manifest, type) or {}).get("message", "")
            return Health(status, message)  # type: ignore[arg-type]
    return Health("Progressing", "the job has not finished")


def _service(manifest: Manifest) -> Health:
    if (manifest.get("spec") or {}).get("type") == "LoadBalancer" and not (
        (manifest.get("status") or {}).get("loadBalancer") or {}
    ).get("ingress"):
        return Health("Progressing", "waiting for a load balancer")
    return Health("Healthy")


def _virtual_service(manifest: Manifest) -> Health:
    """Istio says `Reconciled`; the embedded gateway says it too."""
    condition = condition_of(manifest, "Reconciled")
    if condition and condition.get("status") == "False":
        return Health("Degraded", condition.get("message", ""))
    return Health("Healthy")


_CHECKS: dict[str, Callable[[Manifest], Health]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Pod": _pod,
    "Job": _job,
    "Service": _service,
    "VirtualService": _virtual_service,
}
