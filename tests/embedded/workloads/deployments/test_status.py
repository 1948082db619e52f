"""Conditions of a Deployment, with the reasons that clients of Kubernetes know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from idp.embedded.workloads.deployments.status import Observed, seconds_to_deadline, status
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def deployment(former: Manifest | None = None, **spec: object) -> Manifest:
    body: Manifest = {
        "metadata": {"name": "web", "generation": 2},
        "spec": {"replicas": 2, "progressDeadlineSeconds": 60, **spec},
    }
    if former is not None:
        body["status"] = former
    return body


def replica_set(replicas: int, available: int, wanted: int = 2) -> Manifest:
    return {
        "metadata": {"name": "web-abc"},
        "spec": {"replicas": wanted},
        "status": {
            "replicas": replicas,
            "readyReplicas": available,
            "availableReplicas": available,
        },
    }


def reason(status: Manifest, type: str) -> tuple[str, str]:
    condition = condition_of({"status": status}, type)
    assert condition is not None
    return condition["status"], condition["reason"]


def test_complete() -> None:
    result = status(Observed(deployment(), replica_set(2, 2), [], 0), NOW)
    assert reason(result, "Available") == ("True", "MinimumReplicasAvailable")
    assert reason(result, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert (result["availableReplicas"], result["unavailableReplicas"]) == (2, 0)
    assert result["observedGeneration"] == 2


def test_old_pods_are_not_complete() -> None:
    old = replica_set(1, 1, wanted=1)
    result = status(Observed(deployment(), replica_set(2, 2), [old], 0), NOW)
    assert reason(result, "Progressing") == ("True", "ReplicaSetUpdated")
    assert (result["replicas"], result["updatedReplicas"]) == (3, 2)


def test_no_progress_within_the_deadline_is_said_once() -> None:
    new = replica_set(2, 1)
    first = status(Observed(deployment(), new, [], 0), NOW)
    assert seconds_to_deadline(deployment(), first, NOW) == 60
    waiting = status(Observed(deployment(first), new, [], 0), NOW + timedelta(seconds=30))
    assert seconds_to_deadline(deployment(), waiting, NOW + timedelta(seconds=30)) == 30
    late = status(Observed(deployment(waiting), new, [], 0), NOW + timedelta(seconds=61))
    assert reason(late, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert reason(late, "Available") == ("False", "MinimumReplicasUnavailable")
    again = status(Observed(deployment(late), new, [], 0), NOW + timedelta(seconds=90))
    assert again == late
    assert seconds_to_deadline(deployment(), late, NOW) is None


def test_progress_starts_the_deadline_anew_and_heals() -> None:
    first = status(Observed(deployment(), replica_set(2, 0), [], 0), NOW)
    later = NOW + timedelta(seconds=50)
    second = status(Observed(deployment(first), replica_set(2, 1), [], 0), later)
    assert seconds_to_deadline(deployment(), second, later) == 60
    late = later + timedelta(seconds=70)
    dead = status(Observed(deployment(second), replica_set(2, 1), [], 0), late)
    assert reason(dead, "Progressing") == ("False", "ProgressDeadlineExceeded")
    healed = status(Observed(deployment(dead), replica_set(2, 2), [], 0), late)
    assert reason(healed, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_a_new_template_starts_the_deadline_anew() -> None:
    complete = status(Observed(deployment(), replica_set(2, 2), [], 0), NOW)
    much_later = NOW + timedelta(days=1)
    changed = deployment(complete)
    changed["metadata"]["generation"] = 3
    result = status(Observed(changed, replica_set(0, 0), [replica_set(2, 2)], 0), much_later)
    assert reason(result, "Progressing") == ("True", "ReplicaSetUpdated")
    assert seconds_to_deadline(changed, result, much_later) == 60


def test_pods_that_cannot_be_created_are_told() -> None:
    failed = replica_set(0, 0)
    failed["status"]["conditions"] = [
        {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate",
            "message": "quota",
            "lastTransitionTime": "2026-11-24T12:00:00Z",
        }
    ]
    result = status(Observed(deployment(), failed, [], 0), NOW)
    assert reason(result, "ReplicaFailure") == ("True", "FailedCreate")


def test_a_paused_deployment_has_no_deadline() -> None:
    result = status(Observed(deployment(paused=True), replica_set(1, 1), [], 0), NOW)
    assert reason(result, "Progressing") == ("True", "DeploymentPaused")
    assert seconds_to_deadline(deployment(), result, NOW) is None
