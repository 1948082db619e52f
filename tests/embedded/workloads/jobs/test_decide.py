"""What a Job does next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idp.embedded.workloads.jobs.decide import Plan, decide
from idp.kernel.clock import timestamp
from idp.kernel.resource import Manifest

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def ago(seconds: float) -> str:
    return timestamp(NOW - timedelta(seconds=seconds))


def job(status: Manifest | None = None, **spec: Any) -> Manifest:
    return {"metadata": {"name": "task"}, "spec": spec, "status": status or {}}


def pod(name: str, phase: str, *, ended: float = 100, restarts: int = 0) -> Manifest:
    state: Manifest = {}
    if phase in ("Failed", "Succeeded"):
        state = {"terminated": {"exitCode": 1, "finishedAt": ago(ended)}}
    return {
        "metadata": {"name": name},
        "status": {
            "phase": phase,
            "containerStatuses": [{"restartCount": restarts, "state": state}],
        },
    }


RUNNING, DONE, BROKEN = pod("r", "Running"), pod("s", "Succeeded"), pod("f", "Failed")


@pytest.mark.parametrize(
    ("why", "given", "pods", "expected"),
    [
        ("the first pod", job(), [], Plan(create=1)),
        ("it runs", job(), [RUNNING], Plan()),
        ("side by side", job(completions=5, parallelism=2), [RUNNING], Plan(create=1)),
        ("no more than missing", job(completions=2, parallelism=2), [DONE, RUNNING], Plan()),
        ("less parallel now", job(completions=3, parallelism=0), [RUNNING], Plan(delete=("r",))),
        ("after a failure", job(), [BROKEN], Plan(create=1)),
        ("not at once", job(), [pod("f", "Failed", ended=0)], Plan(look_again=1.0)),
        ("suspended", job(suspend=True), [RUNNING], Plan(delete=("r",))),
        ("a queue of work goes on", job(parallelism=2), [DONE, RUNNING], Plan()),
    ],
)
def test_plan(why: str, given: Manifest, pods: list[Manifest], expected: Plan) -> None:
    assert decide(given, pods, NOW) == expected, why


@pytest.mark.parametrize(
    ("given", "pods", "type", "reason"),
    [
        (job(), [DONE], "Complete", "CompletionsReached"),
        (job(parallelism=2), [DONE], "Complete", "CompletionsReached"),
        (job({"succeeded": 1}), [], "Complete", "CompletionsReached"),
        (job(backoffLimit=0), [BROKEN], "Failed", "BackoffLimitExceeded"),
        (job(backoffLimit=1), [pod("r", "Running", restarts=2)], "Failed", "BackoffLimitExceeded"),
        (
            job({"startTime": ago(11)}, activeDeadlineSeconds=10),
            [RUNNING],
            "Failed",
            "DeadlineExceeded",
        ),
        (job(completionMode="Indexed"), [], "Failed", "Unsupported"),
        (job(podFailurePolicy={"rules": []}), [], "Failed", "Unsupported"),
    ],
)
def test_end(given: Manifest, pods: list[Manifest], type: str, reason: str) -> None:
    plan = decide(given, pods, NOW)
    assert plan.finish is not None
    assert (plan.finish.type, plan.finish.reason) == (type, reason)
    assert plan.delete == tuple(
        p["metadata"]["name"] for p in pods if p["status"]["phase"] == "Running"
    )


@pytest.mark.parametrize(
    ("ttl", "expected"), [(None, Plan()), (60, Plan(look_again=20.0)), (40, Plan(remove=True))]
)
def test_a_finished_job_only_waits_to_be_removed(ttl: int | None, expected: Plan) -> None:
    condition = {"type": "Complete", "status": "True", "lastTransitionTime": ago(40)}
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    assert decide(job({"conditions": [condition]}, **spec), [RUNNING], NOW) == expected


def test_the_deadline_is_looked_at_in_time() -> None:
    given = job({"startTime": ago(4)}, activeDeadlineSeconds=10)
    assert decide(given, [RUNNING], NOW) == Plan(look_again=6.0)
