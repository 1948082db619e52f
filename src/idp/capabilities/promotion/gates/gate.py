"""What a gate is asked, and what it answers.

A gate is asked again and again until it opens, refuses, or its deadline passes. It opens by
answering `open_`; anything else, an exception included, leaves it shut. What it must remember
between calls it puts into `memory`: that is in the step's outputs before it is asked again, so
what it is about to do outside is recorded before it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.kinds import Promotion, ReleaseSpec
from idp.kernel.clock import timestamp

State = Literal["Open", "Waiting", "Refused", "Overridden", "Skipped"]
PASSED: tuple[State, ...] = ("Open", "Overridden", "Skipped")

LOOK_AGAIN = 15.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """How a gate stands.

    Attributes:
        state: `Open` lets pass, `Waiting` asks to be asked again, `Refused` ends the promotion.
        message: What holds, or what is waited for.
        change: What would open it; empty when it is open.
        until: From when it may be open; None when nobody knows.
        after: Seconds until it is asked again.
        evidence: What the answer stands on; JSON values.
        memory: What it needs when it is asked again; JSON values.
    """

    state: State
    message: str
    change: str = ""
    until: datetime | None = None
    after: float = LOOK_AGAIN
    evidence: Mapping[str, Any] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)


def open_(message: str, **evidence: Any) -> GateAnswer:
    """It lets pass."""
    return GateAnswer("Open", message, evidence=evidence)


def refused(message: str, change: str, **evidence: Any) -> GateAnswer:
    """It does not let pass, and waiting cannot help."""
    return GateAnswer("Refused", message, change, evidence=evidence)


@dataclass(frozen=True, slots=True)
class GateCase:
    """What is before the gates, gathered once for all of them.

    Attributes:
        environment: The target.
        promotion: What is on its way.
        release: The release.
        pipeline: The rules in force.
        now: The moment of asking.
        verified_at: When the previous environment signed that it verified the release; None when
            there is no previous environment, or its statement tells no time.
        verdict: Outputs of the `verdict` step.
        approval: Outputs of the `approval` step.
        gate: Name of the gate that is asked.
        key: Idempotency key of what this gate does outside: promotion and gate, the same always.
        memory: What the gate said to remember.
    """

    environment: str
    promotion: Promotion
    release: ReleaseSpec
    pipeline: PromotionPipelineSpec
    now: datetime
    verified_at: datetime | None = None
    verdict: Mapping[str, Any] = field(default_factory=dict)
    approval: Mapping[str, Any] = field(default_factory=dict)
    gate: str = ""
    key: str = ""
    memory: Mapping[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """As JSON values: what users' own gates judge."""
        spec = self.promotion.spec
        return {
            "environment": self.environment,
            "namespace": self.promotion.namespace,
            "application": spec.application,
            "promotion": {
                "name": self.promotion.name,
                "initiator": spec.initiator,
                "reason": spec.reason,
                "hotfix": spec.hotfix,
            },
            "release": {
                "version": self.release.version,
                "digest": self.release.digest,
                "image": self.release.image,
                "source": self.release.source.model_dump(mode="json", by_alias=True),
            },
            "verifiedAt": timestamp(self.verified_at) if self.verified_at else "",
            "verdict": {
                "decision": self.verdict.get("decision", ""),
                "obligations": self.verdict.get("obligations", []),
                "rules": self.verdict.get("rules", []),
            },
            "approvers": self.approval.get("approvers", []),
            "now": timestamp(self.now),
        }


class Gate(Protocol):
    """One kind of gate."""

    @property
    def rule(self) -> str:
        """Field of the PromotionPipeline's gate that holds its rule."""
        ...

    @property
    def overridable(self) -> bool:
        """Whether an emergency override opens it whatever the pipeline says."""
        ...

    @property
    def expedited(self) -> bool:
        """Whether a hotfix does not wait for it."""
        ...

    async def ask(self, rule: Any, case: GateCase) -> GateAnswer:
        """How it stands.

        Raises:
            IdpError: A retryable one is waited out; any other refuses.
        """
        ...
