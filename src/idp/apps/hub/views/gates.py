"""How the gates before a promotion stand, who fills which place, and who went past the rules. Pure.

What the steps put out is the platform's word; before the gates were asked, the rules say which
there will be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from idp.apps.hub.views.fields import leaves
from idp.apps.hub.views.model import View
from idp.capabilities.environments.kinds import PromotionPipelineSpec

_MOST_FACTS = 40
_LONGEST_VALUE = 300


class FactView(View):
    """A name and a value.

    Attributes:
        name: Such as `requests`.
        value: As text; a long one is cut.
    """

    name: str
    value: str


class GateStanding(View):
    """How one gate stands.

    Attributes:
        name: Its name in the pipeline; `freeze` is before every promotion.
        kind: Of its rule, such as `soak`.
        state: `Pending`: it is not asked yet.
        message: What holds, or what is waited for.
        change: What would open it.
        until: From when it may be open; None when nobody knows.
        deadline: When the promotion fails if it is still shut; None before it is asked.
        evidence: What its answer stands on; of a gate that is `Pending`, its rule.
    """

    name: str
    kind: str
    state: Literal["Pending", "Open", "Waiting", "Refused", "Overridden", "Skipped"]
    message: str
    change: str = ""
    until: datetime | None = None
    deadline: datetime | None = None
    evidence: list[FactView]


class SeatView(View):
    """One approval that the rules ask for.

    Attributes:
        who: Who may give it.
        by: Who gave it; empty while it is missing.
    """

    who: str
    by: str = ""


class OverrideView(View):
    """An emergency override that counts.

    Attributes:
        by: Who gave it.
        reason: Why.
        until: When it stops to count.
    """

    by: str
    reason: str
    until: datetime


def standings(
    outputs: Mapping[str, Mapping[str, Any]], rules: PromotionPipelineSpec | None, *, ahead: bool
) -> list[GateStanding]:
    """Every gate, in the order of the pipeline.

    Args:
        outputs: `uses` of a step -> what it put out.
        rules: Those in force; None when they cannot be read.
        ahead: Whether the promotion may still come to its gates.
    """
    asked = outputs.get("gates", {}).get("gates") or []
    measured = outputs.get("performance", {}).get("gates") or {}
    if asked:
        return [_standing({**gate, **measured.get(gate["name"], {})}) for gate in asked]
    if not ahead or rules is None:
        return []
    return [
        GateStanding(
            name=gate.name,
            kind="+".join(gate.rules),
            state="Pending",
            message="it is asked once the approvals are there",
            evidence=[
                fact
                for rule in gate.rules.values()
                for fact in facts(rule.model_dump(mode="json", by_alias=True))
            ],
        )
        for gate in rules.gates
    ]


def _standing(gate: Mapping[str, Any]) -> GateStanding:
    return GateStanding(
        name=gate["name"],
        kind=gate["kind"],
        state=gate["state"],
        message=gate["message"],
        change=gate.get("change", ""),
        until=gate.get("until") or None,
        deadline=gate.get("deadline") or None,
        evidence=facts(gate.get("evidence") or {}),
    )


def facts(body: Mapping[str, Any]) -> list[FactView]:
    """The leaves of a JSON object; what nobody could read on a page is cut."""
    return [
        FactView(name=name[:_LONGEST_VALUE], value=value[:_LONGEST_VALUE])
        for name, value in islice(leaves("", body), _MOST_FACTS)
    ]


def seats(
    outputs: Mapping[str, Mapping[str, Any]], rules: PromotionPipelineSpec | None
) -> list[SeatView]:
    """The places in the order of the requirements, as they were counted last."""
    counted = last_count(outputs)
    if "seats" in counted:
        return [SeatView(who=seat["who"], by=seat["by"]) for seat in counted["seats"]]
    requirements = rules.approval.requirements if rules else []
    return [SeatView(who=r.words) for r in requirements for _ in range(r.required)]


def last_count(outputs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Approvals as counted last: the gates count them again for as long as they are shut."""
    counted: Mapping[str, Any] = outputs.get("gates", {}).get("approvals") or outputs.get(
        "approval", {}
    )
    return counted


def override(outputs: Mapping[str, Mapping[str, Any]]) -> OverrideView | None:
    """The override that counts; None without one."""
    of: Sequence[Mapping[str, Any]] = (outputs.get("gates", {}), outputs.get("approval", {}))
    known = next((o["override"] for o in of if "override" in o), None)
    if not known:
        return None
    return OverrideView(by=known["by"], reason=known["reason"], until=known["until"])
