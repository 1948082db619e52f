"""The status of a Pod."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.workloads.pods.process import ProcessId
from idp.embedded.workloads.pods.record import ContainerRecord, Terminated
from idp.embedded.workloads.pods.status import ContainerView, Failure, pod_status
from idp.kernel.conditions import condition_of
from idp.kernel.resource import Manifest

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POD: Manifest = {"metadata": {"name": "p", "generation": 1}, "spec": {}}
PROCESS = ProcessId(1, 1, "boot")


def view(name: str = "main", *, init: bool = False, **more: Any) -> ContainerView:
    policy, trouble = more.pop("policy", "Always"), more.pop("trouble", "")
    waiting = more.pop("waiting", ("PodInitializing", ""))
    record = ContainerRecord(image="r@sha256:1", **more)
    return ContainerView(name, "r:v1", record, waiting, trouble, policy, init)


def running(name: str = "main", **more: Any) -> ContainerView:
    return view(name, attempt=0, process=PROCESS, started_at="then", started=True, **more)


def ended(code: int, policy: str = "Never", **more: Any) -> ContainerView:
    end = Terminated(code, "Error" if code else "Completed", "last words")
    return view(attempt=0, terminated=end, policy=policy, **more)


def of(*views: ContainerView, **more: Any) -> Manifest:
    options = {"failure": None, "sandbox_missing": (), "now": NOW, **more}
    return pod_status(options.pop("pod", POD), views, **options)


@pytest.mark.parametrize(
    ("views", "phase", "ready"),
    [
        ([view()], "Pending", "False"),
        ([running()], "Running", "False"),
        ([running(ready=True)], "Running", "True"),
        ([running(ready=True), running("other")], "Running", "False"),
        ([ended(0)], "Succeeded", "False"),
        ([ended(3)], "Failed", "False"),
        ([ended(0, "OnFailure")], "Succeeded", "False"),
        ([ended(3, "OnFailure")], "Running", "False"),
        ([ended(0, "Always")], "Running", "False"),
        ([ended(1, init=True), view()], "Failed", "False"),
        ([ended(1, "Always", init=True), view()], "Pending", "False"),
        ([ended(0, init=True), running(ready=True)], "Running", "True"),
    ],
)
def test_phase(views: list[ContainerView], phase: str, ready: str) -> None:
    status = of(*views)
    assert status["phase"] == phase
    assert condition_of({"status": status}, "Ready")["status"] == ready  # type: ignore[index]


def test_a_crash_loop_shows_both_the_wait_and_the_end() -> None:
    loop = ended(3, "Always", waiting=("CrashLoopBackOff", "back-off 1s; last lines:\nboom"))
    [container] = of(loop)["containerStatuses"]
    assert container["state"] == {
        "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1s; last lines:\nboom"}
    }
    assert container["lastState"]["terminated"]["exitCode"] == 3


def test_what_is_in_the_way_is_in_the_ready_condition() -> None:
    status = of(running(trouble="listens on 9000 and not on $PORT 31234"), view("second"))
    message = condition_of({"status": status}, "Ready")["message"]  # type: ignore[index]
    assert message == (
        "containers with unready status: [main second]; "
        "main: listens on 9000 and not on $PORT 31234; second: PodInitializing"
    )


def test_the_running_image_is_named() -> None:
    [container] = of(running())["containerStatuses"]
    assert (container["image"], container["imageID"]) == ("r:v1", "r@sha256:1")


def test_transition_times_move_with_the_status_only() -> None:
    first = of(running())
    later = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    second = of(running(trouble="x"), pod={**POD, "status": first}, now=later)
    third = of(running(ready=True), pod={**POD, "status": second}, now=later)
    times = [condition_of({"status": s}, "Ready")["lastTransitionTime"] for s in (first, second, third)]  # type: ignore[index]  # fmt: skip  # noqa: E501
    assert times == ["2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"]
    assert third["startTime"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize(("final", "phase"), [(False, "Pending"), (True, "Failed")])
def test_a_failure_of_the_whole_pod(final: bool, phase: str) -> None:
    status = of(view(), failure=Failure("Unsupported", "no: spec.x", final=final))
    assert (status["phase"], status["reason"]) == (phase, "Unsupported")
    assert condition_of({"status": status}, "Ready")["message"] == "no: spec.x"  # type: ignore[index]


def test_a_missing_sandbox_is_a_condition() -> None:
    status = of(running(), sandbox_missing=("user namespaces (no)",))
    condition = condition_of({"status": status}, "SandboxUnavailable")
    assert condition is not None
    assert condition["message"] == "the processes run without: user namespaces (no)"
    assert condition_of({"status": of(running())}, "SandboxUnavailable") is None


def test_a_record_survives_and_a_torn_one_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "record.json"
    record = ContainerRecord.load(path)
    record.attempt, record.process = 2, PROCESS
    record.terminated = Terminated(1, "Error", "x")
    record.save()
    assert ContainerRecord.load(path) == record
    assert ContainerRecord.load(path).restarts == 2
    path.write_text("{")
    assert ContainerRecord.load(path).attempt == -1
