"""`status` of an `Application`, in Argo CD's own shape. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.embedded.gitops.application import Application
from idp.embedded.gitops.compare import Compared
from idp.embedded.gitops.health import Health, worst
from idp.embedded.gitops.objects import wave
from idp.embedded.gitops.operation import OperationState
from idp.kernel.clock import timestamp
from idp.kernel.resource import Manifest


@dataclass(frozen=True, slots=True)
class Problem:
    """A condition of Argo CD, such as `ComparisonError`: it is there or it is not."""

    type: str
    message: str


def conditions(problems: Iterable[Problem], former: Manifest, now: datetime) -> list[Manifest]:
    """The conditions; the time of one that says the same as before stays."""
    known = {(c["type"], c["message"]): c for c in former.get("conditions") or ()}
    return [
        known.get((p.type, p.message))
        or {"type": p.type, "message": p.message, "lastTransitionTime": timestamp(now)}
        for p in problems
    ]


def unknown(former: Manifest, problem: Problem, *, generation: int, now: datetime) -> Manifest:
    """The status when it cannot be said what is wanted; what was known of objects stays."""
    return {
        **former,
        "observedGeneration": generation,
        "sync": {**(former.get("sync") or {}), "status": "Unknown"},
        "health": former.get("health") or {"status": "Unknown"},
        "conditions": conditions([problem], former, now),
    }


def compared_status(
    former: Manifest,
    application: Application,
    manifest: Manifest,
    *,
    revision: str,
    compared: Sequence[Compared],
    state: OperationState | None,
    problems: Iterable[Problem],
    now: datetime,
) -> Manifest:
    """The status after a comparison and what followed from it."""
    spec = manifest["spec"]
    wanted_healths = [c.health for c in compared if c.health and not c.extraneous]
    status: Manifest = {
        "observedGeneration": manifest["metadata"].get("generation", 0),
        "sync": {
            "status": "Synced" if all(c.synced for c in compared) else "OutOfSync",
            "revision": revision,
            "comparedTo": {"source": spec["source"], "destination": spec["destination"]},
        },
        "health": _health(wanted_healths, compared),
        "resources": [_resource(c) for c in sorted(compared, key=lambda c: c.key)],
        "conditions": conditions(problems, former, now),
        "sourceType": "Directory",
        "summary": {"images": _images(compared)},
        "history": former.get("history") or [],
        "reconciledAt": timestamp(now),
    }
    if state is not None:
        status["operationState"] = state.as_json()
        if state.phase == "Succeeded" and not (state.operation.dry_run or state.operation.partial):
            status["history"] = _history(status["history"], application, spec["source"], state)
    return status


def changed(former: Manifest, status: Manifest) -> bool:
    """Whether a status says anything new; that it was looked at again is nothing new."""
    return {**former, "reconciledAt": ""} != {**status, "reconciledAt": ""}


def merge_patch(former: Manifest, wanted: Manifest) -> Manifest:
    """The JSON merge patch (RFC 7386) that turns one object into another."""
    patch: Manifest = {name: None for name in former if name not in wanted}
    for name, value in wanted.items():
        old = former.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            if inner := merge_patch(old, value):
                patch[name] = inner
        elif value != old:
            patch[name] = value
    return patch


def _health(healths: Sequence[Health], compared: Sequence[Compared]) -> Manifest:
    health = worst(healths)
    if health.status == "Healthy":
        return {"status": "Healthy"}
    causes = [
        f"{c.key}: {c.health.message or c.health.status}"
        for c in sorted(compared, key=lambda c: c.key)
        if c.health and c.health.status == health.status and not c.extraneous
    ]
    return {"status": health.status, "message": "; ".join(causes)}


def _resource(compared: Compared) -> Manifest:
    manifest = compared.target.manifest if compared.target else compared.live
    resource: Manifest = {
        "group": compared.key.group,
        "version": compared.type.version if compared.type else "",
        "kind": compared.key.kind,
        "namespace": compared.key.namespace,
        "name": compared.key.name,
        "status": "Synced" if compared.synced else "OutOfSync",
    }
    if compared.health:
        resource["health"] = compared.health.as_json()
    if compared.extraneous and not compared.synced:
        resource["requiresPruning"] = True
    if manifest and (number := wave(manifest)):
        resource["syncWave"] = number
    return resource


def _images(compared: Sequence[Compared]) -> list[str]:
    images = set()
    for one in compared:
        spec = (one.live or {}).get("spec") or {}
        if isinstance(spec.get("image"), str):
            images.add(spec["image"])
        pod = ((spec.get("template") or {}).get("spec") or {}) if "template" in spec else spec
        for container in pod.get("containers") or ():
            images.add(container.get("image", ""))
    return sorted(images - {""})


def _history(
    former: list[Manifest], application: Application, source: Manifest, state: OperationState
) -> list[Manifest]:
    """The deployments so far; healing the same revision is not a deployment."""
    last = former[-1] if former else {}
    if (last.get("revision"), last.get("source")) == (state.revision, source):
        return former
    entry: Manifest = {
        "id": last.get("id", -1) + 1,
        "revision": state.revision,
        "source": source,
        "deployStartedAt": timestamp(state.started),
        "deployedAt": timestamp(state.attempted or state.started),
        "initiatedBy": state.operation.body.get("initiatedBy") or {},
    }
    return [*former, entry][-application.history_limit :] if application.history_limit else []
