"""`performance`: measures the release beside what ran before it (see `gates/performance.py`)."""

from __future__ import annotations

from idp.capabilities.promotion.clients.gateway import Gateway
from idp.capabilities.promotion.gates.gate import GateAnswer
from idp.capabilities.promotion.gates.performance import decide, measurement_of
from idp.capabilities.promotion.kinds import Name, ObjectName
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.kernel.errors import NotFound
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, failed, succeeded


class PerformanceParameters(Model):
    """What is measured.

    Attributes:
        application: Name of the WebApplication.
        gates: Name of the `gates` step's object, which measured what ran before.
        verify: Name of the `verify` step's object.
    """

    application: Name
    gates: ObjectName
    verify: ObjectName


class PerformanceStep:
    """Measures once per `performance` gate; without one it has nothing to do."""

    uses = "performance"
    parameters = PerformanceParameters

    def __init__(self, reader: PipelineReader, gateway: Gateway) -> None:
        self._reader = reader
        self._gateway = gateway

    async def perform(self, run: StepRun, parameters: PerformanceParameters) -> Outcome:
        """Measure and compare."""
        await self._reader.outputs(run, parameters.verify, "verify")
        gates = (await self._reader.outputs(run, parameters.gates, "gates")).get("gates") or []
        before = {gate["name"]: gate["evidence"].get("before") for gate in gates}
        found: dict[str, GateAnswer] = {}
        for gate in (await self._reader.rules()).pipeline.gates:
            if gate.performance is None or gate.name not in before:
                continue
            host = await self._gateway.host(run.namespace, parameters.application)
            if host is None:
                raise NotFound(f"there is no WebApplication {parameters.application}")
            rule = gate.performance
            after = await self._gateway.measure(host, rule.path, rule.requests)
            found[gate.name] = decide(rule, measurement_of(before[gate.name]), after)
        outputs = {
            name: {"state": a.state, "message": a.message, "evidence": dict(a.evidence)}
            for name, a in found.items()
        }
        words = "; ".join(f"{name}: {answer.message}" for name, answer in found.items())
        worse = [answer for answer in found.values() if answer.state != "Open"]
        if worse:
            remedy = worse[0].change
            return failed(words, reason="WorseThanBefore", remedy=remedy, gates=outputs)
        return succeeded(words or "no gate measures it", gates=outputs)
