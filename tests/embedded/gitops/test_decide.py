"""The rules of `decide`, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idp.embedded.gitops.application import Application, Retry, Source
from idp.embedded.gitops.compare import Compared
from idp.embedded.gitops.decide import Attempt, Decision, Idle, Wait, after_failure, decide
from idp.embedded.gitops.manifests import Target
from idp.embedded.gitops.objects import Key
from idp.embedded.gitops.operation import Operation, OperationState, read_state
from idp.kernel.standard import CONFIG_MAP

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOURCE = {"repoURL": "u"}
KEY = Key("", "ConfigMap", "demo", "a")
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
AUTOMATED = Application(
    "hello", "argocd", Source("u", "main", ""), "demo", automated=True, prune=True
)
SYNCED = Compared(KEY, CONFIG_MAP, Target(KEY, CONFIG_MAP, MANIFEST), MANIFEST, True)
DRIFTED = replace(SYNCED, synced=False)
EXTRANEOUS = replace(SYNCED, target=None, synced=False)
PERSON = Operation({"initiatedBy": {"username": "ada"}, "sync": {"revision": "old"}})
ITSELF = Operation({"initiatedBy": {"automated": True}, "sync": {}})


def state(phase: Any, *, seconds_ago: float = 100, **more: Any) -> OperationState:
    ago = NOW - timedelta(seconds=seconds_ago)
    fields = {"revision": "1", "source": SOURCE, "attempted": ago, **more}
    return OperationState(fields.pop("operation", ITSELF), phase, "m", started=ago, **fields)


def decided(
    *compared: Compared,
    application: Application = AUTOMATED,
    last: OperationState | None = None,
    requested: Operation | None = None,
) -> Decision:
    return decide(
        application,
        source=SOURCE,
        requested=requested,
        state=last,
        revision="1",
        compared=compared,
        now=NOW,
        self_heal_seconds=5,
    )


def test_what_a_person_asks_starts_also_instead_of_an_automated_retry() -> None:
    manual = replace(AUTOMATED, automated=False)
    for last in (None, state("Succeeded"), state("Running", retries=3, seconds_ago=0)):
        decision = decided(SYNCED, application=manual, last=last, requested=PERSON)
        assert isinstance(decision, Attempt)
        assert decision.state.operation == PERSON


def test_a_running_operation_goes_on_and_waits_after_failures() -> None:
    assert isinstance(decided(SYNCED, last=state("Running", attempted=None)), Attempt)
    running = state("Running", operation=PERSON, retries=2, seconds_ago=4)
    assert decided(SYNCED, last=running, requested=PERSON) == Wait(6.0)
    assert isinstance(decided(SYNCED, last=replace(running, attempted=None)), Attempt)


def test_a_new_revision_ends_the_wait() -> None:
    decision = decided(DRIFTED, last=state("Running", retries=4, revision="0", seconds_ago=0))
    assert isinstance(decision, Attempt)
    assert decision.state.retries == 0


def test_nothing_differs_or_nobody_asked() -> None:
    assert decided(SYNCED) == Idle()
    assert decided(DRIFTED, application=replace(AUTOMATED, automated=False)) == Idle()
    assert decided(SYNCED, EXTRANEOUS, application=replace(AUTOMATED, prune=False)) == Idle()
    assert decided(SYNCED, replace(EXTRANEOUS, prune=False)) == Idle()


def test_automated_sync_of_a_difference() -> None:
    for compared in ((DRIFTED,), (SYNCED, EXTRANEOUS)):
        decision = decided(*compared)
        assert isinstance(decision, Attempt)
        assert decision.state.operation.automated
        assert decision.state.operation.prune


def test_deleting_everything_must_be_allowed() -> None:
    decision = decided(EXTRANEOUS)
    assert isinstance(decision, Idle)
    assert "allowEmpty" in decision.problem
    assert isinstance(
        decided(EXTRANEOUS, application=replace(AUTOMATED, allow_empty=True)), Attempt
    )


def test_the_same_revision_again_only_with_self_heal() -> None:
    assert decided(DRIFTED, last=state("Succeeded")) == Idle()
    failed = decided(DRIFTED, last=state("Failed"))
    assert isinstance(failed, Idle)
    assert "not tried again by itself" in failed.problem
    healing = replace(AUTOMATED, self_heal=True)
    assert isinstance(decided(DRIFTED, application=healing, last=state("Succeeded")), Attempt)
    recent = state("Succeeded", seconds_ago=1)
    assert decided(DRIFTED, application=healing, last=recent) == Wait(4.0)
    assert decided(DRIFTED, application=healing, last=state("Failed")) == Wait(80.0)


def test_a_changed_source_is_synced() -> None:
    last = state("Succeeded", source={"repoURL": "other"})
    assert isinstance(decided(DRIFTED, last=last), Attempt)


@pytest.mark.parametrize(("limit", "retries", "phase"), [
    (5, 0, "Running"), (5, 5, "Failed"), (0, 0, "Failed"), (-1, 99, "Running"),
])  # fmt: skip
def test_retries_are_limited(limit: int, retries: int, phase: str) -> None:
    application = replace(AUTOMATED, retry=Retry(limit=limit))
    assert after_failure(application, state("Failed", retries=retries)).phase == phase


def test_state_survives_the_api() -> None:
    before = state("Running", retries=2, results=({"name": "a"},))
    assert read_state({"operationState": before.as_json()}) == before
    assert read_state({}) is None
