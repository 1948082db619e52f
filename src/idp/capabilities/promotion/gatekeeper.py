"""Asks all gates of a promotion, and says how each stands.

For each, in the pipeline's order after `freeze`, which is always there:

1. A hotfix does not wait for gates that are `expedited`: soak times and windows.
2. The gate is asked. An error that may pass by itself leaves it waiting; any other refuses.
3. An emergency override that counts opens what is not open, if the gate may be overridden.
4. A gate that still waits when its deadline has passed refuses, and says what it waited for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from idp.capabilities.environments.kinds import Gate as GateSpec
from idp.capabilities.promotion.decide.approvals import Override
from idp.capabilities.promotion.gates.gate import (
    PASSED,
    Gate,
    GateAnswer,
    GateCase,
    refused,
)
from idp.kernel.clock import timestamp
from idp.kernel.errors import IdpError

FREEZE = GateSpec(name="freeze", deadline_hours=60 * 24)
"""The gate that no pipeline needs to name; a freeze says itself until when it lasts."""

MOMENTARY = frozenset({"freeze", "window"})
"""Kinds that open and shut with the clock: the commit asks them once more."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """How one gate stands.

    Attributes:
        name: Of the gate.
        kind: Its rule's field.
        answer: What it answered.
        deadline: When it stops to wait.
    """

    name: str
    kind: str
    answer: GateAnswer
    deadline: datetime

    @property
    def passed(self) -> bool:
        """Whether it lets pass."""
        return self.answer.state in PASSED

    def as_output(self) -> dict[str, Any]:
        """As JSON values, for the step's outputs."""
        answer = self.answer
        return {
            "name": self.name,
            "kind": self.kind,
            "state": answer.state,
            "message": answer.message,
            "change": answer.change,
            "until": timestamp(answer.until) if answer.until else "",
            "deadline": timestamp(self.deadline),
            "evidence": dict(answer.evidence),
            "memory": dict(answer.memory),
        }


class Gatekeeper:
    """Knows the gates by the field that holds their rule."""

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = {gate.rule: gate for gate in gates}

    async def ask(
        self,
        case: GateCase,
        since: datetime,
        override: Override | None,
        remembered: Mapping[str, Mapping[str, Any]],
        *,
        only: frozenset[str] | None = None,
    ) -> list[GateReport]:
        """Ask each.

        Args:
            case: What is before the gates; `gate`, `key` and `memory` are set for each of them.
            since: From when deadlines count.
            override: An emergency override that counts.
            remembered: Name of a gate -> what it said to remember.
            only: Kinds that are asked; None asks all.
        """
        reports = []
        for spec in (FREEZE, *case.pipeline.gates):
            kind = "freeze" if spec is FREEZE else "+".join(spec.rules) or "nothing"
            if only is not None and kind not in only:
                continue
            own = replace(
                case,
                gate=spec.name,
                key=f"{case.promotion.metadata.uid}-{spec.name}",
                memory=remembered.get(spec.name, {}),
            )
            deadline = since + timedelta(hours=spec.deadline_hours)
            answer = await self._answer(kind, spec, own, override, deadline)
            reports.append(GateReport(spec.name, kind, answer, deadline))
        return reports

    async def _answer(
        self,
        kind: str,
        spec: GateSpec,
        case: GateCase,
        override: Override | None,
        deadline: datetime,
    ) -> GateAnswer:
        gate = self._gates.get(kind)
        if gate is None:
            return refused(
                f"gate {spec.name} has {kind} as its rule", "Give each gate exactly one rule."
            )
        if case.promotion.spec.hotfix and gate.expedited:  # 1
            return GateAnswer("Skipped", "a hotfix does not wait for it")
        answer = await _asked(gate, spec, case)  # 2
        if answer.state in PASSED:
            return answer
        if override is not None and (gate.overridable or spec.overridable):  # 3
            words = f"EMERGENCY override by {override.by}: {override.reason}; else: "
            return replace(answer, state="Overridden", message=words + answer.message, change="")
        if answer.state == "Waiting" and case.now >= deadline:  # 4
            words = f"not open within {spec.deadline_hours} h; it waited for: {answer.message}"
            return replace(answer, state="Refused", message=words)
        return answer


async def _asked(gate: Gate, spec: GateSpec, case: GateCase) -> GateAnswer:
    try:
        return await gate.ask(getattr(spec, gate.rule, None), case)
    except IdpError as error:
        state: Any = "Waiting" if error.retryable else "Refused"
        change = error.remedy or "Correct the gate in the PromotionPipeline."
        return GateAnswer(state, error.message, change, memory=case.memory)
