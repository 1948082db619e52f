"""`approval`: waits until enough of the right people agree (see `decide/approvals.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from idp.capabilities.promotion.counting import ApprovalCounter
from idp.capabilities.promotion.decide.approvals import Answer, Question
from idp.capabilities.promotion.decide.promotion_status import ENDED
from idp.capabilities.promotion.kinds import Approval, ObjectName
from idp.capabilities.promotion.override import override_output
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.controller import Request, Watch
from idp.kernel.resource import Manifest, Model
from idp.kernel.step import Outcome, StepRun, failed, succeeded

LOOK_AGAIN = 15.0
"""Seconds; approvals themselves call the step at once."""


class ApprovalParameters(Model):
    """What is to be approved.

    Attributes:
        release: Name of the Release.
        verdict: Name of the `verdict` step's object.
    """

    release: ObjectName
    verdict: ObjectName


class ApprovalStep:
    """Counts approvals; puts out who agreed to what."""

    uses = "approval"
    parameters = ApprovalParameters

    def __init__(
        self,
        reader: PipelineReader,
        counter: ApprovalCounter,
        *,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        self._reader = reader
        self._counter = counter
        self._environment = environment
        self._clock = clock

    @property
    def watches(self) -> Sequence[Watch]:
        """An approval calls the step of its promotion."""
        return (Watch(Approval.type(), _step_of),)

    async def perform(self, run: StepRun, parameters: ApprovalParameters) -> Outcome:
        """Look how it stands."""
        promotion = await self._reader.promotion(run)
        if promotion.status is not None and promotion.status.phase in ENDED:
            return failed(
                promotion.status.message or f"the promotion is {promotion.status.phase}",
                reason=promotion.status.phase,
                remedy=promotion.status.remedy,
            )
        release = await self._reader.release(run, parameters.release)
        judged = await self._reader.outputs(run, parameters.verdict, "verdict")
        if judged.get("releaseDigest") != release.spec.digest:
            raise UnprovenStep(f"step {parameters.verdict} judged another release")
        rules = await self._reader.rules_of(judged.get("policyVersion"))
        await self._reader.demand_standing(judged, run.namespace, self._clock())
        must_accept = judged.get("mustAccept", [])
        question = self._counter.question(promotion, release, rules, must_accept)
        place = Place(promotion.spec.application, run.namespace, self._environment)
        # Those without need are looked at, too: a rejection ends it, an override opens gates.
        answer = await self._counter.answer(question, run.namespace, self._clock())
        return self._outcome(question, answer, place, judged)

    def _outcome(
        self, question: Question, answer: Answer, place: Place, judged: dict[str, Any]
    ) -> Outcome:
        # Put out in any case: what does not count is in the ledger however it ends.
        so_far = {
            "approvers": list(answer.counted),
            "ignored": [
                {"approval": i.approval, "approver": i.approver, "reason": i.reason}
                for i in answer.ignored
            ],
        }
        if answer.state == "Rejected":
            return failed(
                answer.message,
                reason="Rejected",
                remedy="Settle the objection, then start the promotion again.",
                **so_far,
            )
        if answer.state == "Waiting":
            remedy = self._command(question, answer, place)
            reason = "WaitingForApproval"
            return Outcome("Running", answer.message, reason, remedy, so_far, LOOK_AGAIN)
        return succeeded(
            answer.message,
            reason="Approved",
            releaseDigest=question.release_digest,
            policyVersion=question.policy_version,
            validUntil=judged.get("validUntil", ""),
            exceptions=judged.get("exceptions", []),
            **so_far,
            accepted=[
                {"name": gap.name, "by": gap.by, "until": timestamp(gap.until)}
                for gap in answer.accepted
            ],
            override=override_output(answer.override),
        )

    def _command(self, question: Question, answer: Answer, place: Place) -> str:
        excluded = [p for p in (question.author, question.initiator) if question.exclude_author]
        command = place.approve(answer.unaccepted)
        people = [p for p in dict.fromkeys(excluded) if p != "platform"]
        return f"{command}  (not by {' or '.join(people)})" if people else command


def _step_of(approval: Manifest) -> list[Request]:
    """A promotion's workflow has its name, and a step object the workflow's and the step's."""
    name = f"{approval['spec']['promotion']}-{ApprovalStep.uses}"
    return [Request(approval["metadata"].get("namespace", ""), name)]
