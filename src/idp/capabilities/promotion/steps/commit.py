"""`commit`: writes the release into the environment's repository: one commit, then Argo CD acts."""

from __future__ import annotations

from typing import Any

from idp.capabilities.promotion.clients.argo_cd import ArgoCd
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.gatekeeper import MOMENTARY, Gatekeeper
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.kinds import ObjectName
from idp.capabilities.promotion.override import override_of
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.capabilities.promotion.turn import Turns, waiting_for
from idp.kernel.clock import Clock, utc_now
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, succeeded, waiting


class CommitParameters(Model):
    """What to commit.

    Attributes:
        release: Name of the Release.
        approval: Name of the `approval` step's object.
        gates: Name of the `gates` step's object.
    """

    release: ObjectName
    approval: ObjectName
    gates: ObjectName


class CommitStep:
    """Takes the application's turn, then commits. The promotion's uid is the idempotency key."""

    uses = "commit"
    parameters = CommitParameters

    def __init__(
        self,
        reader: PipelineReader,
        environment_repository: EnvironmentRepository,
        turns: Turns,
        argo_cd: ArgoCd,
        gatekeeper: Gatekeeper,
        *,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        self._reader = reader
        self._repository = environment_repository
        self._turns = turns
        self._argo_cd = argo_cd
        self._gatekeeper = gatekeeper
        self._environment = environment
        self._clock = clock

    async def perform(self, run: StepRun, parameters: CommitParameters) -> Outcome:
        """Commit once, then make sure that the Argo CD Application is there."""
        promotion = await self._reader.promotion(run)
        release = (await self._reader.release(run, parameters.release)).spec
        if parameters.release != promotion.spec.release:
            raise UnprovenStep(f"the promotion is of {promotion.spec.release}")
        approved = await self._reader.outputs(run, parameters.approval, "approval")
        if approved.get("releaseDigest") != release.digest:
            raise UnprovenStep(f"step {parameters.approval} approved another release")
        opened = await self._reader.outputs(run, parameters.gates, "gates")
        if opened.get("releaseDigest") != release.digest:
            raise UnprovenStep(f"step {parameters.gates} opened for another release")
        rules = await self._reader.rules_of(approved.get("policyVersion"))
        await self._reader.demand_standing(approved, run.namespace, self._clock())
        if (holder := await self._turns.take(run.namespace, promotion.name)) is not None:
            place = Place(release.application, run.namespace, self._environment)
            return waiting_for(holder, place)
        case = GateCase(self._environment, promotion, release, rules.pipeline, self._clock())
        if (shut := await self._shut_again(case, opened)) is not None:
            return shut
        commit = await self._repository.deploy(
            release, run.namespace, promotion=promotion.name, uid=promotion.metadata.uid
        )
        await self._argo_cd.ensure(run.namespace, release.application)
        return succeeded(
            f"committed {commit[:12]}",
            commit=commit,
            image=release.image,
            release=release.version,
            releaseDigest=release.digest,
        )

    async def _shut_again(self, case: GateCase, opened: dict[str, Any]) -> Outcome | None:
        """A window that closed, or a freeze that began, while the promotion waited for its turn."""
        spec, uid = case.promotion.spec, case.promotion.metadata.uid
        namespace = case.promotion.namespace
        if await self._repository.made_by(uid, namespace, spec.application) is not None:
            return None  # the commit is there: this call finishes it
        override = override_of(opened.get("override") or {})
        if override is not None and override.until <= case.now:
            override = None
        reports = await self._gatekeeper.ask(case, case.now, override, {}, only=MOMENTARY)
        shut = [report for report in reports if not report.passed]
        if not shut:
            return None
        words = "; ".join(f"{report.name}: {report.answer.message}" for report in shut)
        remedy = " ".join(dict.fromkeys(report.answer.change for report in shut))
        await self._turns.give_back(case.promotion.manifest())  # others need not wait for it
        return waiting(words, reason="WaitingForGates", remedy=remedy)
