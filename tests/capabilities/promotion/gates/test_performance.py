from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.environments.kinds import PerformanceRule
from idp.capabilities.promotion.clients.gateway import Gateway, Measurement
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.gates.performance import PerformanceGate, decide
from idp.capabilities.promotion.steps.performance import PerformanceStep

RULE = PerformanceRule(max_latency_ratio=2, floor_milliseconds=10)


def measured(p95: float, errors: int = 0) -> Measurement:
    return Measurement(20, errors, p95)


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (measured(20), measured(40), "Open"),
        (measured(20), measured(40.1), "Refused"),
        (measured(1), measured(9), "Open"),  # under the floor
        (measured(20), measured(1, 1), "Refused"),
        (measured(20, 1), measured(1, 1), "Open"),  # no worse than before
        (None, measured(9000), "Open"),
        (None, measured(1, 1), "Refused"),
    ],
)
def test_it_may_be_about_as_good_as_before(
    before: Measurement | None, after: Measurement, state: str
) -> None:
    assert decide(RULE, before, after).state == state


def test_it_says_both_and_what_may_be() -> None:
    answer = decide(RULE, measured(20), measured(50))
    assert answer.message == ("50.0 ms at the 95th percentile, 20.0 ms before; 40.0 ms may be")


async def application(bench: Any, image: str = "i@sha256:1") -> None:
    body = {
        "metadata": {"name": "hello", "namespace": "demo"},
        "spec": {},
        "status": {"image": image, "url": "http://hello.example"},
    }
    await bench.client.create(WebApplication.type(), body)


def gateway(bench: Any, service: Any) -> Gateway:
    port = int(service.host.rpartition(":")[2])
    return Gateway(bench.client, environment="uat", port=port)


async def test_the_gate_measures_what_runs_once_in_a_while(
    bench: Any, service: Any, case: Callable[..., GateCase]
) -> None:
    await application(bench)
    gate, some = PerformanceGate(gateway(bench, service)), case()
    answer = await gate.ask(RULE, some)
    assert answer.state == "Open"
    assert answer.evidence["before"]["requests"] == 20
    assert len(service.asked) == 21
    assert {headers["Host"] for _, headers, _ in service.asked} == {"hello.example"}
    soon = case(memory=answer.memory, now=some.now + timedelta(minutes=9))
    assert (await gate.ask(RULE, soon)).evidence == answer.evidence
    assert len(service.asked) == 21
    later = case(memory=answer.memory, now=some.now + timedelta(minutes=10))
    await gate.ask(RULE, later)
    assert len(service.asked) == 42


async def test_when_nothing_runs_nothing_is_measured(
    bench: Any, service: Any, case: Callable[..., GateCase]
) -> None:
    answer = await PerformanceGate(gateway(bench, service)).ask(RULE, case())
    assert (answer.state, answer.evidence["before"]) == ("Open", None)
    assert service.asked == []


async def step(bench: Any, service: Any, before: Any) -> Any:
    rule = {"requests": 5, "floorMilliseconds": 60_000}
    await bench.rules(gates=[{"name": "fast", "performance": rule}])
    await bench.promotion()
    await application(bench)
    await bench.done("verify")
    await bench.done("gates", gates=[{"name": "fast", "evidence": {"before": before}}])
    names = {"application": "hello", "gates": "p-gates", "verify": "p-verify"}
    return await bench.perform(PerformanceStep(bench.reader, gateway(bench, service)), **names)


async def test_the_step_passes_a_release_that_is_as_good(bench: Any, service: Any) -> None:
    before = {"requests": 5, "errors": 0, "p95_milliseconds": 1.0}
    outcome = await step(bench, service, before)
    assert outcome.phase == "Succeeded"
    assert outcome.outputs["gates"]["fast"]["evidence"]["after"]["errors"] == 0


async def test_the_step_fails_a_release_that_answers_with_errors(bench: Any, service: Any) -> None:
    service.answer = lambda method, path, body: web.Response(status=503)
    outcome = await step(bench, service, None)
    assert (outcome.phase, outcome.reason) == ("Failed", "WorseThanBefore")
    assert "5 of 5 answers of / were errors; 0.0% may be" in outcome.message
