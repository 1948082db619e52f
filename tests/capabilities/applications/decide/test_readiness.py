"""Ready: a table of what is seen and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.capabilities.applications.decide.pods import failure, running_image
from idp.capabilities.applications.decide.readiness import ready
from idp.capabilities.applications.kinds import WebApplication
from idp.kernel.conditions import false, true
from idp.kernel.resource import Condition, Manifest

Build = Callable[..., WebApplication]
FINE = [true("Accepted", "Valid"), true("ConfigurationReady", "Ok"), true("Admitted", "Ok")]


def deployment(*, wanted: int = 1, **status: Any) -> Manifest:
    return {
        "kind": "Deployment",
        "metadata": {"name": "hello", "generation": 2},
        "spec": {"replicas": wanted},
        "status": {"observedGeneration": 2, **status},
    }


def pod(
    name: str = "hello-1",
    *,
    created: str = "2026-11-24T10:00:00Z",
    conditions: list[Manifest] | None = None,
    **container: Any,
) -> Manifest:
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": created,
            "labels": {"app.kubernetes.io/name": "hello"},
        },
        "status": {
            "conditions": conditions or [],
            "containerStatuses": [{"name": "app", **container}] if container else [],
        },
    }


def look(
    application: WebApplication,
    *,
    environment: str = "development",
    before: list[Condition] | None = None,
    hosts: tuple[str, ...] = ("hello.development.localhost",),
    live: Manifest | None = None,
    pods: list[Manifest] | None = None,
) -> Condition:
    return ready(
        application,
        environment,
        conditions_before=FINE if before is None else before,
        hosts=hosts,
        deployment=live,
        pods=pods or [],
    )


def test_nothing_to_run_says_what_to_add(build: Build) -> None:
    condition = look(build())
    assert (condition.status, condition.reason) == ("False", "NothingToRun")
    assert "spec.image" in condition.remedy
    assert "spec.source" in condition.remedy


@pytest.mark.parametrize(
    ("environment", "reason", "remedy"),
    [
        ("development", "WaitingForBuild", "git push"),
        ("uat", "WaitingForPromotion", "idp-cli promote hello --to uat"),
    ],
)
def test_a_source_waits_for_what_brings_its_image(
    build: Build, environment: str, reason: str, remedy: str
) -> None:
    condition = look(build(source={"repository": "demo/hello"}), environment=environment)
    assert condition.reason == reason
    assert remedy in condition.remedy


@pytest.mark.parametrize("gate", ["Accepted", "ConfigurationReady", "Admitted"])
def test_a_closed_gate_is_the_cause(build: Build, image: str, gate: str) -> None:
    before = [false(gate, "Because", "of this", remedy="do that"), *FINE]
    condition = look(build(image=image), before=before)
    assert (condition.reason, condition.message, condition.remedy) == (
        "Because",
        "of this",
        "do that",
    )


def test_without_a_host_it_is_not_reachable(build: Build, image: str) -> None:
    before = [*FINE, false("HostsAvailable", "HostConflict", "taken", remedy="rename")]
    assert look(build(image=image), before=before, hosts=()).reason == "HostConflict"


DONE = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
READY_FALSE = {"type": "Ready", "status": "False"}


@pytest.mark.parametrize(
    ("live", "pods", "status", "reason", "text"),
    [
        (None, [], "False", "Progressing", "being created"),
        (deployment(wanted=0), [], "False", "Stopped", "spec.replicas is 0"),
        (deployment(wanted=2, **DONE), [], "True", "Available", "2 replicas ready"),
        (
            deployment(wanted=2, **{**DONE, "observedGeneration": 1}),
            [],
            "False",
            "Progressing",
            "2 of 2 replicas available",
        ),
        (
            deployment(wanted=2, **{**DONE, "replicas": 3}),
            [],
            "False",
            "Progressing",
            "2 of 2 replicas available",
        ),
        (
            deployment(),
            [
                pod(
                    restartCount=3,
                    state={"waiting": {"reason": "CrashLoopBackOff"}},
                    lastState={
                        "terminated": {"exitCode": 1, "message": "Traceback\nKeyError: 'DB'\n\n"}
                    },
                )
            ],
            "False",
            "CrashLoopBackOff",
            "hello-1 stopped with exit code 1, restarted 3 times: KeyError: 'DB'",
        ),
        (
            deployment(),
            [pod(state={"terminated": {"exitCode": 137, "reason": "OOMKilled"}})],
            "False",
            "CrashLoopBackOff",
            "out of memory",
        ),
        (
            deployment(),
            [
                pod(
                    state={
                        "waiting": {"reason": "ImagePullBackOff", "message": "404 from registry"}
                    }
                )
            ],
            "False",
            "ImagePullError",
            "404 from registry",
        ),
        (
            deployment(),
            [pod(state={"waiting": {"reason": "CreateContainerConfigError", "message": "no map"}})],
            "False",
            "CreateContainerConfigError",
            "no map",
        ),
        (
            deployment(),
            [
                pod(
                    state={"running": {}},
                    conditions=[{**READY_FALSE, "message": "listens on 5000, PORT is 8080"}],
                )
            ],
            "False",
            "NotReady",
            "hello-1: listens on 5000, PORT is 8080",
        ),
        (
            deployment(),
            [
                pod(
                    conditions=[
                        {"type": "PodScheduled", "status": "False", "message": "no memory left"}
                    ]
                )
            ],
            "False",
            "Unschedulable",
            "no memory left",
        ),
        (
            deployment(
                conditions=[
                    {
                        "type": "Progressing",
                        "status": "False",
                        "reason": "ProgressDeadlineExceeded",
                        "message": "timed out",
                    }
                ]
            ),
            [],
            "False",
            "ProgressDeadlineExceeded",
            "timed out",
        ),
        (
            deployment(
                conditions=[
                    {
                        "type": "ReplicaFailure",
                        "status": "True",
                        "reason": "FailedCreate",
                        "message": "quota",
                    }
                ]
            ),
            [],
            "False",
            "FailedCreate",
            "quota",
        ),
        (deployment(), [pod(state={"waiting": {}})], "False", "Progressing", "0 of 1 replica"),
    ],
)
def test_the_deepest_known_cause_is_named(
    build: Build,
    image: str,
    live: Manifest | None,
    pods: list[Manifest],
    status: str,
    reason: str,
    text: str,
) -> None:
    condition = look(build(image=image), live=live, pods=pods)
    assert (condition.status, condition.reason) == (status, reason)
    assert text in condition.message


def test_a_terminating_pod_explains_nothing(build: Build, image: str) -> None:
    old = pod(state={"terminated": {"exitCode": 1}})
    old["metadata"]["deletionTimestamp"] = "2026-11-24T10:00:00Z"
    assert look(build(image=image), live=deployment(), pods=[old]).reason == "Progressing"


def test_the_newest_pod_explains_first(build: Build, image: str) -> None:
    crash = {"exitCode": 1, "message": "old"}
    old = pod("hello-1", created="2026-11-24T09:00:00Z", state={"terminated": crash})
    new = pod("hello-2", state={"terminated": {**crash, "message": "new"}})
    assert look(build(image=image), live=deployment(), pods=[old, new]).message.endswith("new")


def test_a_starting_pod_has_no_failure() -> None:
    assert failure(pod()) is None
    assert failure(pod(state={"running": {}})) is None
    generic = {**READY_FALSE, "message": "containers with unready status: [app]"}
    assert failure(pod(state={"running": {}}, started=False, conditions=[generic])) is None
    assert failure(pod(state={"waiting": {}}, conditions=[generic])) is None


@pytest.mark.parametrize(
    ("condition", "reason", "message"),
    [
        (
            {"message": "containers with unready status: [app]"},
            "NotReady",
            "hello-1: the readiness probe does not pass",
        ),
        (
            {"message": "containers with unready status: [app]; app: listens on 5000"},
            "NotReady",
            "hello-1: app: listens on 5000",
        ),
        (
            {"reason": "InvalidPod", "message": "hostPath is not supported"},
            "InvalidPod",
            "hello-1: hostPath is not supported",
        ),
    ],
)
def test_a_pod_that_does_not_serve_says_why(condition: Manifest, reason: str, message: str) -> None:
    conditions = [{**READY_FALSE, **condition}]
    cause = failure(pod(state={"running": {}}, started=True, conditions=conditions))
    assert cause is not None
    assert (cause.reason, cause.message) == (reason, message)


def test_a_container_that_ended_between_restarts_is_a_crash() -> None:
    ended = {"terminated": {"exitCode": 3, "message": "bad"}}
    cause = failure(pod(restartCount=1, state={"waiting": {"reason": "x"}}, lastState=ended))
    assert cause is not None
    assert cause.reason == "CrashLoopBackOff"
    assert failure(pod(restartCount=1, state={"running": {}}, lastState=ended)) is None


def ready_pod(name: str, image_id: str) -> Manifest:
    return pod(name, conditions=[{"type": "Ready", "status": "True"}], imageID=image_id)


def test_the_image_is_what_the_ready_pods_run() -> None:
    one, other = "r/a@sha256:1", "r/a@sha256:2"
    assert running_image([], "app") == ""
    assert running_image([pod(imageID=one)], "app") == ""
    assert running_image([ready_pod("a", one), ready_pod("b", one)], "app") == one
    assert running_image([ready_pod("a", f"docker-pullable://{one}")], "app") == one
    assert running_image([ready_pod("a", one), ready_pod("b", other)], "app") == ""
    assert running_image([ready_pod("a", one), pod("b", imageID=other)], "app") == one
