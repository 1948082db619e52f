"""From evidence to controls. Pure.

Rules:
1. A control that somebody excluded does not apply, for the reason that they gave.
2. A control that stands on no query has no evidence: the framework file says where to look instead.
3. Queries that do not apply say nothing. When none of a control's does, the control does not apply.
4. All met is met, none met and none partly is not met, anything between is partly. A query without
   evidence counts as not met beside others, and alone as no evidence.
5. A control of which the platform sees a part only (`beyond`) is partly met at best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from idp.capabilities.compliance.catalogue import Control, Framework
from idp.capabilities.compliance.kinds import ControlResult, Counts, EvidenceResult, State
from idp.kernel.resource import Model


class Assessment(Model):
    """How the controls of a framework stand.

    Attributes:
        controls: In the framework's order.
        counts: How many stand how.
        unknown: Exclusions that name no control of the framework.
    """

    controls: list[ControlResult]
    counts: Counts
    unknown: list[str]


def assess(
    framework: Framework, evidence: Sequence[EvidenceResult], excluded: Mapping[str, str]
) -> Assessment:
    """How each control stands.

    Args:
        framework: The controls.
        evidence: At least what the controls stand on.
        excluded: Control -> why it does not apply.
    """
    by_name = {result.name: result for result in evidence}
    controls = [_control(c, by_name, excluded.get(c.id)) for c in framework.controls]
    count = Counter(c.state for c in controls)
    return Assessment(
        controls=controls,
        counts=Counts(
            met=count["met"],
            partly=count["partly"],
            not_met=count["notMet"],
            no_evidence=count["noEvidence"],
            not_applicable=count["notApplicable"],
        ),
        unknown=sorted(set(excluded) - {c.id for c in framework.controls}),
    )


def _control(
    control: Control, by_name: Mapping[str, EvidenceResult], excluded: str | None
) -> ControlResult:
    if excluded is not None:
        return ControlResult(id=control.id, state="notApplicable", gap=f"excluded: {excluded}")
    found = [by_name[name] for name in control.evidence]
    state = _state([result.state for result in found], bool(control.beyond))
    missing = [r for r in found if r.state not in ("met", "notApplicable")]
    gaps = [f"{r.title}: {r.message}" for r in missing]
    remedies = [r.remedy for r in missing if r.remedy]
    if control.beyond and state != "notApplicable":
        gaps.append(f"Not seen by the platform: {control.beyond}")
        remedies.append("Show it by other means.")
    return ControlResult(
        id=control.id,
        state=state,
        evidence=list(control.evidence),
        gap="; ".join(gaps),
        remedy=" ".join(dict.fromkeys(remedies)),
    )


def _state(found: Sequence[State], partial: bool) -> State:
    if not found:
        return "noEvidence"
    said = {state for state in found if state != "notApplicable"}
    if not said:
        return "notApplicable"
    if said == {"noEvidence"}:
        return "noEvidence"
    if not said & {"met", "partly"}:
        return "notMet"
    return "met" if said == {"met"} and not partial else "partly"
