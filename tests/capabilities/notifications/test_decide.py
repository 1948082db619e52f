from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from idp.capabilities.notifications.decide import channels, messages
from idp.capabilities.notifications.kinds import NotificationRule
from idp.capabilities.promotion.kinds import PipelineStep, Promotion

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
ENDED = "2026-11-25T07:00:00Z"


def promotion(action: str = "promote", **status: Any) -> Promotion:
    spec = {"application": "hello", "action": action, "release": "r1", "reason": "slow"}
    meta = {"name": "p", "namespace": "demo", "uid": "u-1"}
    return Promotion.parse({"metadata": meta, "spec": spec, "status": status})


def step(uses: str, **status: Any) -> PipelineStep:
    meta = {"name": f"p-{uses}", "namespace": "demo"}
    return PipelineStep.parse(
        {"metadata": meta, "spec": {"uses": uses, "promotion": "p"}, "status": status}
    )


WAITS = step("approval", phase="Running", reason="WaitingForApproval")
DENIED = step("verdict", phase="Failed", reason="Denied", message="CVE", finishedAt=ENDED)


@pytest.mark.parametrize(
    ("given", "steps", "events"),
    [
        (promotion(), [], []),
        (promotion(phase="Running"), [step("approval", phase="Running")], []),
        (promotion(phase="Running"), [WAITS], ["PromotionWaiting"]),
        (promotion(phase="Superseded"), [WAITS], []),
        (promotion(phase="Succeeded"), [], ["PromotionSucceeded"]),
        (promotion("rollback", phase="Succeeded"), [], ["RolledBack"]),
        (promotion("rollback", phase="Failed"), [], ["PromotionFailed"]),
        (promotion(phase="Failed"), [DENIED], ["FindingsOverLimit", "PromotionFailed"]),
        (
            promotion(phase="Running"),
            [step("gates", phase="Succeeded", outputs={"override": {"by": "zoe"}})],
            ["EmergencyOverride"],
        ),
        (promotion(phase="Running"), [step("gates", outputs={"override": {}})], []),
    ],
)
def test_what_is_told(given: Promotion, steps: list[PipelineStep], events: list[str]) -> None:
    told = messages(given, steps, "uat", NOW)
    assert [message.event for message in told] == events
    later = messages(given, steps, "uat", datetime(2026, 12, 1, tzinfo=UTC))
    assert [message.id for message in later] == [message.id for message in told]


def rule(namespace: str = "demo", made: str = "2026-11-25T06:00:00Z", **spec: Any) -> Any:
    spec = {"events": ["PromotionFailed"], "channels": ["team"], **spec}
    meta = {"name": "r", "namespace": namespace, "creationTimestamp": made}
    return NotificationRule.parse({"metadata": meta, "spec": spec})


@pytest.mark.parametrize(
    ("rules", "heard"),
    [
        ([], []),
        ([rule(), rule(channels=["team", "boss"])], [("demo", "boss"), ("demo", "team")]),
        ([rule("idp-system")], [("idp-system", "team")]),
        ([rule("other")], []),
        ([rule(events=["RolledBack"])], []),
        ([rule(applications=["hello"], environments=["uat"])], [("demo", "team")]),
        ([rule(applications=["shop"])], []),
        ([rule(environments=["production"])], []),
        ([rule(made="2026-11-25T07:00:01Z")], []),
    ],
    ids=str,
)
def test_who_hears(rules: list[NotificationRule], heard: list[tuple[str, str]]) -> None:
    failed = promotion(phase="Failed", finishedAt=ENDED)
    (message,) = messages(failed, [], "uat", NOW)
    assert channels(message, rules) == heard
