"""`gates`: waits until everything that must hold before the commit holds (see `gatekeeper.py`).

Approvals are counted again with every call: one that expires, or is rejected after all, while a
gate waits, stops the promotion. What went past the rules (an emergency override, a hotfix) has its
Review, its condition and its event before the step ends, so before anything changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from idp.capabilities.promotion.counting import ApprovalCounter
from idp.capabilities.promotion.decide.approvals import Answer, Override
from idp.capabilities.promotion.gatekeeper import Gatekeeper, GateReport
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.kinds import Approval, Freeze, ObjectName, Promotion, Release
from idp.capabilities.promotion.override import override_output
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.reviews import Reviews
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.capabilities.promotion.turn import has_ended
from idp.kernel.clock import Clock, parse_timestamp, utc_now
from idp.kernel.controller import Request, Watch
from idp.kernel.resource import Manifest, Model
from idp.kernel.step import Outcome, StepRun, failed, succeeded


class GatesParameters(Model):
    """What is before the gates.

    Attributes:
        release: Name of the Release.
        admit: Name of the `admit` step's object.
        verdict: Name of the `verdict` step's object.
        approval: Name of the `approval` step's object.
    """

    release: ObjectName
    admit: ObjectName
    verdict: ObjectName
    approval: ObjectName


class GatesStep:
    """Asks the gates; puts out how each stands, also while it waits."""

    uses = "gates"
    parameters = GatesParameters

    def __init__(
        self,
        reader: PipelineReader,
        counter: ApprovalCounter,
        gatekeeper: Gatekeeper,
        reviews: Reviews,
        *,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        self._reader = reader
        self._counter = counter
        self._gatekeeper = gatekeeper
        self._reviews = reviews
        self._environment = environment
        self._clock = clock
        self._waiting: set[Request] = set()

    @property
    def watches(self) -> Sequence[Watch]:
        """An approval calls the step of its promotion; a freeze that comes or goes calls all."""
        return (
            Watch(Approval.type(), _step_of),
            Watch(Freeze.type(), lambda _: sorted(self._waiting, key=str)),
        )

    async def perform(self, run: StepRun, parameters: GatesParameters) -> Outcome:
        """Look how they stand."""
        promotion = await self._reader.promotion(run)
        if promotion.status is not None and has_ended(promotion.manifest()):
            return failed(promotion.status.message, reason=promotion.status.phase, remedy="")
        release = await self._reader.release(run, parameters.release)
        admitted = await self._reader.outputs(run, parameters.admit, "admit")
        judged = await self._reader.outputs(run, parameters.verdict, "verdict")
        approved = await self._reader.outputs(run, parameters.approval, "approval")
        for outputs in (admitted, judged, approved):
            if outputs.get("releaseDigest") != release.spec.digest:
                raise UnprovenStep("an earlier step was about another release")
        rules = await self._reader.rules_of(approved.get("policyVersion"))
        now = self._clock()
        await self._reader.demand_standing(approved, run.namespace, now)
        question = self._counter.question(promotion, release, rules, judged.get("mustAccept", []))
        answer = await self._counter.answer(question, run.namespace, now)
        verified = admitted.get("verifiedAt")
        case = GateCase(
            self._environment,
            promotion,
            release.spec,
            rules.pipeline,
            now,
            parse_timestamp(verified) if verified else None,
            judged,
            approved,
        )
        before = ((run.manifest.get("status") or {}).get("outputs") or {}).get("gates") or []
        reports = await self._gatekeeper.ask(
            case, _since(run, now), answer.override, {g["name"]: g["memory"] for g in before}
        )
        request = Request(run.namespace, run.name)
        outcome = self._outcome(promotion, release, answer, reports, now)
        if outcome.phase == "Running":
            self._waiting.add(request)
            return outcome
        self._waiting.discard(request)
        if outcome.phase == "Succeeded":
            await self._reviews.open(promotion, release, rules.pipeline, answer.override, reports)
        return outcome

    def _outcome(
        self,
        promotion: Promotion,
        release: Release,
        answer: Answer,
        reports: Sequence[GateReport],
        now: datetime,
    ) -> Outcome:
        outputs: dict[str, Any] = {
            "gates": [report.as_output() for report in reports],
            "override": override_output(answer.override),
            "releaseDigest": release.spec.digest,
        }
        shut = [report for report in reports if not report.passed]
        refusing = [report for report in shut if report.answer.state == "Refused"]
        if answer.state == "Rejected":
            remedy = "Settle the objection, then start the promotion again."
            return failed(answer.message, reason="Rejected", remedy=remedy, **outputs)
        if refusing:
            return failed(
                _told(refusing),
                reason="GateRefused",
                remedy=" ".join(dict.fromkeys(r.answer.change for r in refusing)),
                **outputs,
            )
        place = Place(promotion.spec.application, promotion.namespace, self._environment)
        if answer.state == "Waiting":  # an approval expired, or was taken back, meanwhile
            words = f"approvals: {answer.message}" + (f"; {_told(shut)}" if shut else "")
            remedy = place.approve(answer.unaccepted)
            return Outcome("Running", words, "WaitingForApproval", remedy, outputs, 15.0)
        if shut:
            after = min(r.answer.after for r in shut)
            opens = [r.answer.until for r in shut if r.answer.until is not None]
            if opens:
                soonest = max(0.05, (min(opens) - now).total_seconds())
                after = min(after, soonest)
            remedy = " ".join(dict.fromkeys(r.answer.change for r in shut))
            return Outcome("Running", _told(shut), "WaitingForGates", remedy, outputs, after)
        return succeeded(_passed(reports, answer.override), reason="GatesOpen", **outputs)


def _told(reports: Sequence[GateReport]) -> str:
    return "; ".join(f"{report.name}: {report.answer.message}" for report in reports)


def _passed(reports: Sequence[GateReport], override: Override | None) -> str:
    past = [r for r in reports if r.answer.state != "Open"]
    names = ", ".join(report.name for report in reports)
    if override is None and not past:
        return f"open: {names}"
    words = f"open: {', '.join(r.name for r in reports if r not in past) or 'none'}"
    return words + "".join(f"; {r.name}: {r.answer.message}" for r in past)


def _since(run: StepRun, now: datetime) -> datetime:
    text = run.manifest["metadata"].get("creationTimestamp")
    return parse_timestamp(text) if text else now


def _step_of(approval: Manifest) -> list[Request]:
    """As for the `approval` step: a step object has the promotion's name and the step's."""
    name = f"{approval['spec']['promotion']}-{GatesStep.uses}"
    return [Request(approval["metadata"].get("namespace", ""), name)]
