"""Which pods a ReplicaSet creates and deletes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idp.embedded.workloads.replicasets.decide import BURST, Plan, decide, status
from idp.kernel.clock import timestamp
from idp.kernel.resource import Manifest

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def pod(name: str, *, ready: int | None = None, **more: Any) -> Manifest:
    """A pod that has been ready for so many seconds; None is not ready."""
    meta: Manifest = {
        "name": name,
        "labels": {"app": "web"},
        "creationTimestamp": more.get("created", "2026-11-24T11:00:00Z"),
    }
    if more.get("terminating"):
        meta["deletionTimestamp"] = timestamp(NOW)
    condition: Manifest = {"type": "Ready", "status": "False"}
    if ready is not None:
        since = timestamp(NOW - timedelta(seconds=ready))
        condition = {"type": "Ready", "status": "True", "lastTransitionTime": since}
    return {
        "metadata": meta,
        "status": {
            "phase": more.get("phase", "Running"),
            "conditions": [condition],
            "containerStatuses": [{"restartCount": more.get("restarts", 0)}],
        },
    }


@pytest.mark.parametrize(
    ("why", "replicas", "pods", "expected"),
    [
        ("none yet", 3, [], Plan(create=3)),
        ("as many as wanted", 1, [pod("a")], Plan()),
        ("a terminating pod does not count", 1, [pod("a", terminating=True)], Plan(create=1)),
        ("nor does a finished one", 1, [pod("a", phase="Failed")], Plan(create=1)),
        ("slowly", 1000, [], Plan(create=BURST)),
        ("not ready first", 1, [pod("a", ready=9), pod("b")], Plan(delete=("b",))),
        (
            "pending before running",
            1,
            [pod("a"), pod("b", phase="Pending")],
            Plan(delete=("b",)),
        ),
        (
            "crashing first",
            1,
            [pod("a", ready=9), pod("b", ready=9, restarts=3)],
            Plan(delete=("b",)),
        ),
        (
            "shortest ready first",
            1,
            [pod("a", ready=9), pod("b", ready=2)],
            Plan(delete=("b",)),
        ),
        (
            "youngest first",
            1,
            [pod("a"), pod("b", created="2026-11-24T11:59:00Z")],
            Plan(delete=("b",)),
        ),
        ("all", 0, [pod("a"), pod("b")], Plan(delete=("a", "b"))),
    ],
)
def test_plan(why: str, replicas: int, pods: list[Manifest], expected: Plan) -> None:
    assert decide(replicas, pods) == expected, why


def test_a_pod_is_available_after_it_was_ready_for_long_enough() -> None:
    replica_set: Manifest = {
        "metadata": {"generation": 4},
        "spec": {
            "minReadySeconds": 10,
            "template": {"metadata": {"labels": {"app": "web"}}},
        },
    }
    pods = [pod("a", ready=20), pod("b", ready=5), pod("c"), pod("d", terminating=True, ready=99)]
    assert status(replica_set, pods, NOW) == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "readyReplicas": 2,
        "availableReplicas": 1,
        "observedGeneration": 4,
    }
