"""`performance`: the release answers about as well as what ran before it.

As a gate it measures what runs, and opens. The step `performance` measures the release after it
has been verified, and fails when it is worse; then the commit is undone. Both ask through the
gateway, one request after the other: a bounded look, not a load test.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from idp.capabilities.environments.kinds import PerformanceRule
from idp.capabilities.promotion.clients.gateway import Gateway, Measurement
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.kernel.clock import parse_timestamp, timestamp

FRESH = timedelta(minutes=10)
"""How long a measurement counts while other gates wait."""


def decide(rule: PerformanceRule, before: Measurement | None, after: Measurement) -> GateAnswer:
    """Compare; None for `before` means that nothing ran, so only errors count."""
    errors = max(rule.max_error_ratio, before.error_ratio if before else 0.0)
    evidence = {"before": asdict(before) if before else None, "after": asdict(after)}
    if after.error_ratio > errors:
        return refused(
            f"{after.errors} of {after.requests} answers of {rule.path} were errors; "
            f"{errors:.1%} may be",
            "Correct what fails; `idp-cli logs` shows what the application says.",
            **evidence,
        )
    if before is None:
        return open_(f"{after.p95_milliseconds:.1f} ms at the 95th percentile", **evidence)
    limit = max(rule.floor_milliseconds, before.p95_milliseconds * rule.max_latency_ratio)
    words = (
        f"{after.p95_milliseconds:.1f} ms at the 95th percentile, "
        f"{before.p95_milliseconds:.1f} ms before; {limit:.1f} ms may be"
    )
    if after.p95_milliseconds > limit:
        return refused(words, "Make it faster, or allow more in the gate's rule.", **evidence)
    return open_(words, **evidence)


def measurement_of(body: Any) -> Measurement | None:
    """A measurement from JSON values."""
    return Measurement(**body) if body else None


class PerformanceGate:
    """Measures what runs."""

    rule = "performance"
    overridable = False
    expedited = False

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def ask(self, rule: PerformanceRule, case: GateCase) -> GateAnswer:
        """Measure, unless it has been measured a short while ago."""
        measured = case.memory.get("at")
        if measured and case.now - parse_timestamp(measured) < FRESH:
            return _measured(case.memory)
        namespace, name = case.promotion.namespace, case.release.application
        host = await self._gateway.host(namespace, name)
        image = await self._gateway.running(namespace, name)
        before = None
        if host is not None and image:
            before = asdict(await self._gateway.measure(host, rule.path, rule.requests))
        return _measured({"at": timestamp(case.now), "image": image, "before": before})


def _measured(memory: Any) -> GateAnswer:
    before = measurement_of(memory["before"])
    words = "nothing runs yet, so only errors will count"
    if before is not None:
        words = (
            f"what runs answers in {before.p95_milliseconds:.1f} ms at the 95th percentile, "
            f"{before.error_ratio:.1%} errors; the release is measured once it runs"
        )
    evidence = {"image": memory["image"], "before": memory["before"]}
    return GateAnswer("Open", words, evidence=evidence, memory=memory)
