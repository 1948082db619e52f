"""Cells of pods and of what makes pods."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from idp.embedded.apiserver.tables.ages import age, human_duration
from idp.kernel.clock import parse_timestamp
from idp.kernel.resource import Manifest


def _containers(spec: Manifest) -> tuple[str, str]:
    containers = spec.get("containers") or []
    names = ",".join(c.get("name", "") for c in containers)
    return names, ",".join(c.get("image", "") for c in containers)


def selector_text(selector: Any) -> str:
    """A label selector in one line."""
    if not selector:
        return "<none>"
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{k}={v}" for k, v in sorted(selector.items()))
    parts = [f"{k}={v}" for k, v in sorted((selector.get("matchLabels") or {}).items())]
    for e in selector.get("matchExpressions") or []:
        values = ",".join(e.get("values") or [])
        operator = {"In": "in", "NotIn": "notin"}.get(e["operator"])
        if operator:
            parts.append(f"{e['key']} {operator} ({values})")
        else:
            parts.append(e["key"] if e["operator"] == "Exists" else f"!{e['key']}")
    return ",".join(parts) or "<none>"


def pod_reason(pod: Manifest) -> str:
    """What `kubectl get pods` shows as status."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    reason = status.get("reason") or status.get("phase") or "Unknown"
    for container in reversed(status.get("containerStatuses") or []):
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated")
        if waiting.get("reason"):
            reason = waiting["reason"]
        elif terminated is not None:
            code = f"ExitCode:{terminated.get('exitCode', 0)}"
            if terminated.get("signal"):
                code = f"Signal:{terminated['signal']}"
            reason = terminated.get("reason") or code
    if "deletionTimestamp" in metadata:
        reason = "Terminating"
    return str(reason)


def pod(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME READY STATUS RESTARTS AGE IP NODE NOMINATED READINESS."""
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    status = manifest.get("status") or {}
    statuses = status.get("containerStatuses") or []
    total = len(spec.get("containers") or [])
    ready = sum(bool(c.get("ready")) for c in statuses)
    restarts = sum(c.get("restartCount", 0) for c in statuses)
    shown = str(restarts)
    ends = [
        ended
        for c in statuses
        if (ended := ((c.get("lastState") or {}).get("terminated") or {}).get("finishedAt"))
    ]
    if restarts and ends:
        shown = f"{restarts} ({age(max(ends), now)} ago)"
    return [
        metadata["name"],
        f"{ready}/{total}",
        pod_reason(manifest),
        shown,
        age(metadata.get("creationTimestamp"), now),
        status.get("podIP") or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        "<none>",
    ]


def deployment(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    names, images = _containers((spec.get("template") or {}).get("spec") or {})
    return [
        manifest["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(manifest["metadata"].get("creationTimestamp"), now),
        names,
        images,
        selector_text(spec.get("selector")),
    ]


def replica_set(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    names, images = _containers((spec.get("template") or {}).get("spec") or {})
    return [
        manifest["metadata"]["name"],
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(manifest["metadata"].get("creationTimestamp"), now),
        names,
        images,
        selector_text(spec.get("selector")),
    ]


def replication_controller(manifest: Manifest, now: datetime) -> list[Any]:
    """As of a replica set; the selector is a plain map."""
    selector = (manifest.get("spec") or {}).get("selector") or {}
    return [*replica_set(manifest, now)[:-1], selector_text({"matchLabels": selector})]


def stateful_set(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME READY AGE CONTAINERS IMAGES."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    names, images = _containers((spec.get("template") or {}).get("spec") or {})
    return [
        manifest["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        age(manifest["metadata"].get("creationTimestamp"), now),
        names,
        images,
    ]


def daemon_set(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE-SELECTOR AGE and its containers."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    pod_spec = (spec.get("template") or {}).get("spec") or {}
    return [
        manifest["metadata"]["name"],
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        selector_text(pod_spec.get("nodeSelector")),
        age(manifest["metadata"].get("creationTimestamp"), now),
        *_containers(pod_spec),
        selector_text(spec.get("selector")),
    ]


def job(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME STATUS COMPLETIONS DURATION AGE CONTAINERS IMAGES SELECTOR."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    names, images = _containers((spec.get("template") or {}).get("spec") or {})
    duration = ""
    if started := status.get("startTime"):
        ended = status.get("completionTime")
        end = parse_timestamp(ended) if ended else now
        duration = human_duration((end - parse_timestamp(started)).total_seconds())
    return [
        manifest["metadata"]["name"],
        _job_status(manifest["metadata"], spec, status),
        f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}",
        duration,
        age(manifest["metadata"].get("creationTimestamp"), now),
        names,
        images,
        selector_text(spec.get("selector")),
    ]


def _job_status(metadata: Manifest, spec: Manifest, status: Manifest) -> str:
    for condition in status.get("conditions") or []:
        if condition.get("status") == "True" and condition["type"] in ("Complete", "Failed"):
            return str(condition["type"])
    if "deletionTimestamp" in metadata:
        return "Terminating"
    return "Suspended" if spec.get("suspend") else "Running"


def cron_job(manifest: Manifest, now: datetime) -> list[Any]:
    """NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST-SCHEDULE AGE and its containers."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    last = status.get("lastScheduleTime")
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    return [
        manifest["metadata"]["name"],
        spec.get("schedule", ""),
        spec.get("timeZone") or "<none>",
        str(bool(spec.get("suspend"))),
        len(status.get("active") or []),
        age(last, now) if last else "<none>",
        age(manifest["metadata"].get("creationTimestamp"), now),
        *_containers((job.get("template") or {}).get("spec") or {}),
        selector_text(job.get("selector")),
    ]
