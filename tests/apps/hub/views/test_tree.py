from __future__ import annotations

from typing import Any

from idp.apps.hub.views.tree import status_tree


def named(kind: str, **body: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "apiVersion": "v1",
        "metadata": {"namespace": "demo", "name": "hello"},
        **body,
    }


def test_a_crashing_application_says_why_from_top_to_bottom() -> None:
    ready = {"type": "Ready", "status": "False", "reason": "Crashing", "message": "no database"}
    crashed = {"terminated": {"message": "no database at db:5432"}}
    pod = named(
        "Pod",
        status={
            "phase": "Running",
            "containerStatuses": [
                {
                    "restartCount": 3,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": crashed,
                }
            ],
        },
    )
    (tree,) = status_tree(
        {
            "WebApplication": [
                named("WebApplication", status={"conditions": [{**ready, "remedy": "start it"}]})
            ],
            "Deployment": [named("Deployment", spec={"replicas": 2}, status={})],
            "Pod": [pod],
        },
        "demo",
        "hello",
    )
    deployment = tree.children[0]
    assert (tree.health, tree.message, tree.remedy) == ("Degraded", "no database", "start it")
    assert (deployment.health, deployment.message) == ("Degraded", "0 of 2 replicas ready")
    assert deployment.children[0].message == (
        "CrashLoopBackOff: no database at db:5432; restarted 3 times"
    )


def test_drift_shows() -> None:
    argo = named(
        "Application",
        status={"sync": {"status": "OutOfSync"}, "operationState": {"message": "cannot apply"}},
    )
    (tree,) = status_tree({"Application": [argo]}, "demo", "hello")
    assert (tree.health, tree.message) == ("Degraded", "OutOfSync; cannot apply")


def test_of_another_application_nothing_is_shown() -> None:
    assert status_tree({"Deployment": [named("Deployment", spec={})]}, "demo", "other") == []
