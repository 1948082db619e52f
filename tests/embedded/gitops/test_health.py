"""Argo CD's health rules by kind."""

from __future__ import annotations

from typing import Any

import pytest

from idp.embedded.gitops.health import Health, health_of, worst
from idp.kernel.resource import Manifest


def new(kind: str, status: Manifest | None = None, api: str = "v1", **spec: Any) -> Manifest:
    meta = {"name": "x", "generation": 2}
    return {
        "apiVersion": api, "kind": kind, "metadata": meta, "spec": spec, "status": status or {}
    }  # fmt: skip


def condition(type: str, status: str = "True", **more: Any) -> Manifest:
    return {"conditions": [{"type": type, "status": status, "reason": "R", **more}]}


_ROLLED_OUT = {
    "observedGeneration": 2,
    "replicas": 2,
    "updatedReplicas": 2,
    "availableReplicas": 2,
}
_PLATFORM = "platform.idp/v1alpha1"


@pytest.mark.parametrize(
    ("manifest", "status"),
    [
        (new("ConfigMap"), None),
        (new("Deployment", _ROLLED_OUT, replicas=2), "Healthy"),
        (new("Deployment", {**_ROLLED_OUT, "observedGeneration": 1}, replicas=2), "Progressing"),
        (new("Deployment", {**_ROLLED_OUT, "updatedReplicas": 1}, replicas=2), "Progressing"),
        (new("Deployment", {**_ROLLED_OUT, "replicas": 3}, replicas=2), "Progressing"),
        (new("Deployment", {**_ROLLED_OUT, "availableReplicas": 1}, replicas=2), "Progressing"),
        (new("Deployment", _ROLLED_OUT, replicas=2, paused=True), "Suspended"),
        (
            new(
                "Deployment",
                _ROLLED_OUT | condition("Progressing", "False", reason="ProgressDeadlineExceeded"),
            ),
            "Degraded",
        ),
        (new("ReplicaSet", {"observedGeneration": 2, "availableReplicas": 1}), "Healthy"),
        (new("ReplicaSet", {"observedGeneration": 2} | condition("ReplicaFailure")), "Degraded"),
        (new("Pod", {"phase": "Running"} | condition("Ready")), "Healthy"),
        (new("Pod", {"phase": "Running"}), "Progressing"),
        (new("Pod", {"phase": "Failed"}), "Degraded"),
        (
            new(
                "Pod",
                {"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
            ),
            "Degraded",
        ),
        (new("Job", condition("Complete")), "Healthy"),
        (new("Job", condition("Failed")), "Degraded"),
        (new("Job"), "Progressing"),
        (new("Service"), "Healthy"),
        (new("Service", type="LoadBalancer"), "Progressing"),
        (new("VirtualService", condition("Reconciled", "False")), "Degraded"),
        (new("VirtualService"), "Healthy"),
        (new("WebApplication", api=_PLATFORM), "Progressing"),
        (new("WebApplication", condition("Ready"), api=_PLATFORM), "Healthy"),
        (
            new("WebApplication", condition("Ready", observedGeneration=1), api=_PLATFORM),
            "Progressing",
        ),
        (new("WebApplication", condition("Ready", "False"), api=_PLATFORM), "Progressing"),
        (
            new("WebApplication", condition("Ready", "False", remedy="do"), api=_PLATFORM),
            "Degraded",
        ),
        (new("ExternalSecret", condition("Ready"), api="external-secrets.io/v1"), "Healthy"),
    ],
)
def test_health(manifest: Manifest, status: str | None) -> None:
    health = health_of(manifest)
    assert (health.status if health else None) == status


def test_deletion_is_progress() -> None:
    manifest = new("Service")
    manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert health_of(manifest) == Health("Progressing", "it is being deleted")


def test_worst_wins() -> None:
    assert worst([]) == Health("Healthy")
    assert worst([Health("Progressing"), Health("Degraded"), Health("Healthy")]).status == (
        "Degraded"
    )
