from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from idp.capabilities.promotion.clients.memory import MemoryReviewer
from idp.capabilities.promotion.counting import ApprovalCounter
from idp.capabilities.promotion.gatekeeper import Gatekeeper
from idp.capabilities.promotion.gates.cel import CelGate
from idp.capabilities.promotion.gates.freeze import FreezeGate
from idp.capabilities.promotion.gates.gate import Gate, GateAnswer, GateCase
from idp.capabilities.promotion.gates.soak import SoakGate
from idp.capabilities.promotion.gates.window import WindowGate
from idp.capabilities.promotion.kinds import Approval, Freeze, Promotion, Review
from idp.capabilities.promotion.reviews import Reviews
from idp.capabilities.promotion.steps.gates import GatesStep
from idp.capabilities.promotion.steps.pipeline import UnprovenStep
from idp.kernel.clock import timestamp, utc_now
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request
from idp.kernel.errors import Unavailable
from idp.kernel.standard import EVENT, NAMESPACE

RELEASE = f"sha256:{1:064x}"
SOAK = {"name": "soak", "soak": {"minutes": 60}}
NEVER = {"name": "mine", "cel": {"expression": "false"}}
FROZEN = {"until": "2999-01-01T00:00:00Z", "reason": "audit", "by": "grace"}


class Counting:
    """Stands for a gate that does something outside; remembers what it was given."""

    rule, overridable, expedited = "http", False, False

    def __init__(self) -> None:
        self.given: list[Mapping[str, Any]] = []

    async def ask(self, rule: Any, case: GateCase) -> GateAnswer:
        self.given.append({"key": case.key, **case.memory})
        if len(self.given) == 3:
            raise Unavailable("the service does not answer")
        return GateAnswer("Waiting", "it", memory={"call": len(self.given)})


class Before:
    """A promotion before its gates."""

    def __init__(self, bench: Any) -> None:
        self.bench, self.now = bench, utc_now()
        self.counting = Counting()
        self.step: Any = None
        self.policy = ""

    async def come(self, *gates: Any, minutes: int = 0, **spec: Any) -> Before:
        bench = self.bench
        rules = {"previous": "staging", "gates": list(gates), **spec.pop("rules", {})}
        self.policy = await bench.rules(**rules)
        await bench.client.create(NAMESPACE, {"metadata": {"name": "demo"}})
        await bench.release()
        await bench.promotion(**spec)
        facts = {"releaseDigest": RELEASE, "policyVersion": self.policy}
        verified = timestamp(self.now - timedelta(minutes=minutes))
        await bench.done("admit", releaseDigest=RELEASE, verifiedAt=verified)
        await bench.done("verdict", **facts, mustAccept=[])
        await bench.done("approval", **facts, approvers=[])
        reviewer = MemoryReviewer(["grace"], overriders=["joan"])
        counter = ApprovalCounter(bench.client, reviewer, environment="uat")
        gates_: list[Gate] = [
            FreezeGate(bench.client),
            SoakGate(),
            WindowGate(),
            CelGate(),
            self.counting,
        ]
        clock = lambda: self.now  # noqa: E731
        self.step = GatesStep(
            bench.reader,
            counter,
            Gatekeeper(gates_),
            Reviews(bench.client, clock),
            environment="uat",
            clock=clock,
        )
        return self

    async def ask(self) -> Any:
        names = {uses: f"p-{uses}" for uses in ("admit", "verdict", "approval")}
        return await self.bench.perform(self.step, release="r1", **names)

    async def approve(self, approver: str, **changes: Any) -> None:
        spec = {
            "promotion": "p",
            "releaseDigest": RELEASE,
            "target": "uat",
            "policyVersion": self.policy,
            "decision": "approve",
            "approver": approver,
            "comment": "payments are down",
            **changes,
        }
        meta = {"generateName": "a-", "namespace": "demo"}
        await self.bench.client.create(Approval.type(), {"metadata": meta, "spec": spec})


@pytest.fixture
def before(bench: Any) -> Before:
    return Before(bench)


async def test_without_gates_it_passes_at_once(before: Any) -> None:
    outcome = await (await before.come()).ask()
    assert (outcome.phase, outcome.message) == ("Succeeded", "open: freeze")


async def test_it_waits_for_each_and_puts_out_how_each_stands(before: Any) -> None:
    outcome = await (await before.come(SOAK, NEVER, minutes=20)).ask()
    assert (outcome.phase, outcome.reason) == ("Running", "WaitingForGates")
    assert outcome.message.startswith("soak: 60 min in staging")
    assert outcome.message.endswith("; mine: false does not hold")
    assert [(g["name"], g["state"]) for g in outcome.outputs["gates"]] == [
        ("freeze", "Open"),
        ("soak", "Waiting"),
        ("mine", "Waiting"),
    ]
    assert outcome.requeue_after <= 15


async def test_it_passes_when_the_time_is_over(before: Any) -> None:
    assert (await (await before.come(SOAK, minutes=20)).ask()).phase == "Running"
    before.now += timedelta(minutes=40)
    assert (await before.ask()).phase == "Succeeded"


async def test_after_its_deadline_a_gate_refuses_and_says_what_it_waited_for(
    before: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await before.come({**NEVER, "deadlineHours": 2})
    start = before.now
    monkeypatch.setattr("idp.capabilities.promotion.steps.gates._since", lambda run, now: start)
    before.now += timedelta(hours=2)
    outcome = await before.ask()
    assert (outcome.phase, outcome.reason) == ("Failed", "GateRefused")
    assert outcome.message == "mine: not open within 2 h; it waited for: false does not hold"


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ({"name": "mine", "cel": {"expression": "1 +"}}, "the cel gate cannot decide"),
        ({"name": "mine", "workflow": {"template": "t"}}, "gate mine has workflow as its rule"),
        ({"name": "mine"}, "gate mine has nothing as its rule"),
        ({**NEVER, "soak": {"minutes": 1}}, "exactly one rule"),
    ],
)
async def test_a_gate_that_cannot_decide_refuses(before: Any, gate: Any, words: str) -> None:
    outcome = await (await before.come(gate)).ask()
    assert (outcome.phase, outcome.reason) == ("Failed", "GateRefused")
    assert words in f"{outcome.message} {outcome.remedy}"


async def test_a_gate_remembers_and_an_error_that_may_pass_forgets_nothing(
    before: Any, bench: Any
) -> None:
    rule = {"url": "http://x", "secret": "s"}
    await before.come({"name": "mine", "http": rule})
    uid = (await bench.client.get(Promotion.type(), "p", "demo"))["metadata"]["uid"]
    for _ in range(4):
        bench.status["outputs"] = (await before.ask()).outputs
    key = f"{uid}-mine"
    assert before.counting.given == [
        {"key": key},
        {"key": key, "call": 1},
        {"key": key, "call": 2},
        {"key": key, "call": 2},
    ]


async def test_a_freeze_calls_whoever_waits(before: Any, bench: Any) -> None:
    await before.come()
    meta = {"name": "audit"}
    await bench.client.create(Freeze.type(), {"metadata": meta, "spec": FROZEN})
    before.now += timedelta(seconds=5)
    assert "grace froze it" in (await before.ask()).message
    approvals, freezes = before.step.watches
    assert freezes.to_requests({}) == [Request("demo", "p-gates")]
    assert approvals.to_requests(
        {"metadata": {"namespace": "demo"}, "spec": {"promotion": "p"}}
    ) == [Request("demo", "p-gates")]


async def test_an_override_opens_what_may_be_overridden_and_nothing_else(
    before: Any, bench: Any
) -> None:
    await before.come(SOAK, NEVER)
    await bench.client.create(Freeze.type(), {"metadata": {"name": "audit"}, "spec": FROZEN})
    before.now += timedelta(seconds=5)
    await before.approve("joan", emergency=True)
    outcome = await before.ask()
    assert [(g["name"], g["state"]) for g in outcome.outputs["gates"]] == [
        ("freeze", "Overridden"),
        ("soak", "Overridden"),
        ("mine", "Waiting"),
    ]
    assert outcome.phase == "Running"
    assert (await bench.client.list(Review.type())).items == []


async def test_an_override_is_loud_and_opens_one_review(before: Any, bench: Any) -> None:
    await before.come(SOAK, {**NEVER, "overridable": True})
    await before.approve("joan", emergency=True)
    for _ in range(2):  # killed after the review, before the status
        outcome = await before.ask()
    assert outcome.phase == "Succeeded"
    assert "EMERGENCY override by joan: payments are down" in outcome.message
    (review,) = (await bench.client.list(Review.type())).items
    assert review["metadata"]["name"] == "p-emergency"
    assert review["spec"]["by"] == "joan"
    assert review["spec"]["overridden"] == ["approvals", "soak", "mine"]
    assert review["spec"]["due"] == timestamp(before.now + timedelta(days=5))
    promotion = await bench.client.get(Promotion.type(), "p", "demo")
    condition = condition_of(promotion, "PastRulesEmergency")
    assert condition is not None
    assert "payments are down" in condition["message"]
    (event,) = (await bench.client.list(EVENT)).items
    assert (event["type"], event["reason"]) == ("Warning", "EmergencyOverride")


@pytest.mark.parametrize(
    ("changes", "later"),
    [
        ({"emergency": False}, 0),
        ({"approver": "grace"}, 0),
        ({"releaseDigest": f"sha256:{'d' * 64}"}, 0),
        ({"policyVersion": f"sha256:{'d' * 64}"}, 0),
        ({"target": "production"}, 0),
        ({"promotion": "q"}, 0),
        ({}, 4),
    ],
    ids=["none", "without the right", "digest", "policy", "target", "promotion", "expired"],
)
async def test_an_override_that_does_not_count_opens_nothing(
    before: Any, bench: Any, changes: dict[str, Any], later: int
) -> None:
    changes = dict(changes)
    await before.come({**SOAK, "soak": {"minutes": 1000}})
    await before.approve(changes.pop("approver", "joan"), **{"emergency": True, **changes})
    before.now += timedelta(hours=later, seconds=5)
    assert (await before.ask()).phase == "Running"
    assert (await bench.client.list(Review.type())).items == []


async def test_where_overrides_are_not_allowed_none_counts(before: Any) -> None:
    await before.come(SOAK, rules={"emergency": {"allowed": False}})
    await before.approve("joan", emergency=True)
    assert (await before.ask()).phase == "Running"


async def test_a_hotfix_waits_for_no_soak_time_and_has_a_review(before: Any, bench: Any) -> None:
    hotfix = {"allowed": True, "verifiedIn": ["development"], "validateIn": ["staging"]}
    await before.come(SOAK, rules={"hotfix": hotfix}, hotfix=True, reason="CVE in the parser")
    assert (await before.ask()).phase == "Succeeded"
    (review,) = (await bench.client.list(Review.type())).items
    assert (review["spec"]["cause"], review["spec"]["by"]) == ("hotfix", "bob")
    assert review["spec"]["validateIn"] == ["staging"]
    assert review["spec"]["overridden"] == ["environments before this one", "soak"]


async def test_a_hotfix_waits_for_a_freeze(before: Any, bench: Any) -> None:
    await before.come(SOAK, hotfix=True, reason="CVE in the parser")
    await bench.client.create(Freeze.type(), {"metadata": {"name": "audit"}, "spec": FROZEN})
    before.now += timedelta(seconds=5)
    outcome = await before.ask()
    assert outcome.phase == "Running"
    assert outcome.message == "freeze: grace froze it until 2999-01-01T00:00:00Z: audit"


async def test_an_approval_that_expires_while_gates_wait_stops_it(before: Any) -> None:
    rules = {"approval": {"required": 1, "validHours": 1}}
    await before.come(SOAK, minutes=30, rules=rules)
    await before.approve("grace")
    assert (await before.ask()).message.startswith("soak: ")
    before.now += timedelta(hours=2)
    outcome = await before.ask()
    assert (outcome.phase, outcome.reason) == ("Running", "WaitingForApproval")
    assert "the approval by grace expired at" in outcome.message


async def test_a_rejection_while_gates_wait_ends_it(before: Any) -> None:
    await before.come(NEVER)
    await before.approve("grace", decision="reject", comment="not on a Friday")
    outcome = await before.ask()
    assert (outcome.phase, outcome.message) == ("Failed", "rejected by grace: not on a Friday")


async def test_rules_that_change_while_gates_wait_void_everything(before: Any, bench: Any) -> None:
    await before.come(NEVER)
    await bench.rules(previous="staging", gates=[])
    with pytest.raises(UnprovenStep, match="changed during this promotion"):
        await before.ask()
