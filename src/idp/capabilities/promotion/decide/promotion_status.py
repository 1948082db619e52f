"""How far a promotion is, from its workflow and its steps. Pure.

The workflow decides when it is over: it alone knows whether a failed step is retried. What is said
meanwhile comes from the steps. A promotion that is over keeps its status for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from idp.capabilities.promotion.kinds import PipelineStep, PromotionStatus, StepSummary
from idp.kernel.conditions import is_true
from idp.kernel.resource import Manifest

PROCEEDING = "Proceeding"
"""Condition of a promotion that has, or had, its application's turn (see `turn.py`)."""

ABORTED = "Aborted"
"""Condition of a promotion that somebody stopped: it changes nothing any more but to undo."""

ATTESTING = "Attesting"
"""Condition of a promotion that signs that it is verified: nobody can stop it any more."""

_ENDED = {"Succeeded": "Succeeded", "Failed": "Failed", "Error": "Failed"}
ENDED = ("Succeeded", "Failed", "Superseded")


def has_turn(promotion: Manifest) -> bool:
    """Whether a promotion is, or was, past approval."""
    return is_true(promotion, PROCEEDING)


def has_ended(promotion: Manifest) -> bool:
    """Whether a promotion is final."""
    return (promotion.get("status") or {}).get("phase") in ENDED


def is_over(promotion: Manifest) -> bool:
    """Whether a promotion is final, or about to be because it was aborted."""
    return has_ended(promotion) or is_true(promotion, ABORTED)


def promotion_status(
    before: PromotionStatus, workflow: Manifest | None, steps: Sequence[PipelineStep]
) -> PromotionStatus:
    """The status that follows.

    Args:
        before: The status so far; its facts about release and policy are kept.
        workflow: The Argo Workflow; None while there is none.
        steps: The step objects that exist, in any order.
    """
    if before.phase in ENDED:
        return before
    ordered = sorted(steps, key=lambda step: (step.spec.position, step.name))
    status = before.model_copy(update={"steps": [_summary(step) for step in ordered]})
    status.commit = _output(ordered, ("commit", "revert"), "commit") or before.commit
    status.image = _output(ordered, ("commit", "revert"), "image") or before.image
    if workflow is None:
        return status
    report = workflow.get("status") or {}
    status.phase = _ENDED.get(report.get("phase", ""), "Running")  # type: ignore[assignment]
    status.started_at = before.started_at or _moment(report.get("startedAt"))
    status.message, status.remedy = _words(ordered, report)
    if status.phase == "Succeeded":
        status.message, status.remedy = _done(ordered), ""
    if status.phase in ENDED:
        status.finished_at = _moment(report.get("finishedAt"))
    return status


def _summary(step: PipelineStep) -> StepSummary:
    report = step.status
    if report is None:
        return StepSummary(name=step.spec.uses, phase="Pending")
    return StepSummary(
        name=step.spec.uses, phase=report.phase, message=report.message, remedy=report.remedy
    )


def _output(steps: Sequence[PipelineStep], uses: tuple[str, ...], name: str) -> str:
    outputs = [s.status.outputs for s in steps if s.spec.uses in uses and s.status is not None]
    return next((str(found[name]) for found in outputs if found.get(name)), "")


def _words(steps: Sequence[PipelineStep], report: Manifest) -> tuple[str, str]:
    """The failed step's words, else those of the last one that began, else the workflow's."""
    failed = [s for s in steps if s.status is not None and s.status.phase == "Failed"]
    unfinished = [s for s in steps if s.status is None or s.status.phase in ("Pending", "Running")]
    for step in (*failed[-1:], *unfinished[:1], *steps[-1:]):
        if step.status is None or not step.status.message:
            return f"{step.spec.uses}: about to begin", ""
        return f"{step.spec.uses}: {step.status.message}", step.status.remedy
    return report.get("message") or "the workflow begins", ""


def _done(steps: Sequence[PipelineStep]) -> str:
    told = [s.status.message for s in steps if s.spec.uses in ("confirm", "verify") and s.status]
    return "; ".join(told) or "done"


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
