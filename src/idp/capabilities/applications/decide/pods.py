"""What pods say: readiness, the image that really runs, and why one fails. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from idp.capabilities.applications.render.names import NAME_LABEL
from idp.kernel.conditions import condition_of, is_true
from idp.kernel.resource import Manifest

_MAX_LINE = 300
_GENERIC = re.compile(r"^containers with unready status: \[[^\]]*\](; )?")
_IMAGE_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
_CONFIGURATION_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a pod cannot serve."""

    reason: str
    message: str
    remedy: str


def is_ready(pod: Manifest) -> bool:
    """Whether a pod serves: ready and not on its way out."""
    return not pod["metadata"].get("deletionTimestamp") and is_true(pod, "Ready")


def running_image(pods: Sequence[Manifest], container: str) -> str:
    """The image that every ready pod runs; empty while none is ready or they differ."""
    images = {_image(pod, container) for pod in pods if is_ready(pod)}
    return images.pop() if len(images) == 1 else ""


def _image(pod: Manifest, container: str) -> str:
    for status in _container_statuses(pod):
        if status.get("name") == container:
            # Some runtimes put a scheme before it: `docker-pullable://repository@sha256:...`.
            return str(status.get("imageID") or "").rpartition("://")[2]
    return ""


def failure(pod: Manifest) -> Failure | None:
    """The cause, deepest first; None while the pod is merely starting."""
    for status in _container_statuses(pod):
        if (cause := _container_failure(pod, status)) is not None:
            return cause
    scheduled = condition_of(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        message = scheduled.get("message") or "no node takes the pod"
        return Failure("Unschedulable", message, "Lower spec.resources, or add capacity.")
    ready = condition_of(pod, "Ready") or {}
    if ready.get("status") != "False":
        return None
    if ready.get("reason") not in (None, "ContainersNotReady", "PodCompleted", "PodFailed"):
        message = ready.get("message") or "the pod cannot run"
        return Failure(ready["reason"], f"{_name(pod)}: {_last_line(message)}", "")
    return _unready(pod, _GENERIC.sub("", ready.get("message") or ""))


def _unready(pod: Manifest, trouble: str) -> Failure | None:
    """A pod whose containers run and that does not serve; `trouble` is what its probes say."""
    statuses = _container_statuses(pod)
    if not any("running" in (status.get("state") or {}) for status in statuses):
        return None
    if not trouble and not all(status.get("started") for status in statuses):
        return None
    return Failure(
        "NotReady",
        f"{_name(pod)}: {_last_line(trouble) or 'the readiness probe does not pass'}",
        "Answer 2xx at spec.health.path, on the port that PORT names.",
    )


def _container_failure(pod: Manifest, status: dict[str, Any]) -> Failure | None:
    state = status.get("state") or {}
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason") or ""
    if reason in _IMAGE_REASONS:
        return Failure(
            "ImagePullError",
            f"The image cannot be pulled: {_last_line(waiting.get('message') or reason)}",
            "Check spec.image, and that the registry has it.",
        )
    if reason in _CONFIGURATION_REASONS:
        return Failure(reason, _last_line(waiting.get("message") or reason), "")
    ended = state.get("terminated") or (status.get("lastState") or {}).get("terminated")
    if ended is None:
        return None
    if reason == "CrashLoopBackOff" or state.get("terminated"):
        return _crash(pod, status, ended)
    if (status.get("restartCount") or 0) > 0 and "running" not in state:
        return _crash(pod, status, ended)
    return None


def _crash(pod: Manifest, status: dict[str, Any], ended: dict[str, Any]) -> Failure:
    application = (pod["metadata"].get("labels") or {}).get(NAME_LABEL, _name(pod))
    line = _last_line(ended.get("message") or "")
    why = f"exit code {ended.get('exitCode', 'unknown')}"
    if ended.get("reason") == "OOMKilled":
        why = "out of memory"
    message = f"{_name(pod)} stopped with {why}, restarted {status.get('restartCount') or 0} times"
    remedy = (
        "Raise spec.resources.memory." if why == "out of memory" else f"idp-cli logs {application}"
    )
    return Failure("CrashLoopBackOff", f"{message}: {line}" if line else f"{message}.", remedy)


def _container_statuses(pod: Manifest) -> list[dict[str, Any]]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return [status for status in statuses if isinstance(status, dict)]


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_MAX_LINE] if lines else ""


def _name(pod: Manifest) -> str:
    return str(pod["metadata"]["name"])
