"""`commit`: writes the release into the environment's repository: one commit, then Argo CD acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.clients.argo_cd import ArgoCd
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.gatekeeper import MOMENTARY, Gatekeeper
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.kinds import ObjectName, Promotion, PullRequest, ReleaseSpec
from idp.capabilities.promotion.override import override_of
from idp.capabilities.promotion.pull_requests import PullRequests
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.capabilities.promotion.turn import PromotionEnded, Turns, waiting_for
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Request, Watch
from idp.kernel.resource import Manifest, Model
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
        pull_requests: PullRequests,
        *,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        self._reader = reader
        self._repository = environment_repository
        self._turns = turns
        self._argo_cd = argo_cd
        self._gatekeeper = gatekeeper
        self._pull_requests = pull_requests
        self._environment = environment
        self._clock = clock

    @property
    def watches(self) -> Sequence[Watch]:
        """A decision about a pull request calls the step of its promotion."""
        return (Watch(PullRequest.type(), _step_of),)

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
        if (waits := await self._undecided(promotion, release, rules.pipeline)) is not None:
            return waits
        try:
            holder = await self._turns.take(run.namespace, promotion.name)
        except PromotionEnded:
            await self._take_back(promotion)
            raise
        if holder is not None:
            place = Place(release.application, run.namespace, self._environment)
            return waiting_for(holder, place)
        case = GateCase(self._environment, promotion, release, rules.pipeline, self._clock())
        if (shut := await self._shut_again(case, opened)) is not None:
            return shut
        commit = await self._repository.deploy(
            release, run.namespace, promotion=promotion.name, uid=promotion.metadata.uid
        )
        if await self._turns.is_over(run.namespace, promotion.name):
            # It ended, for example by an abort, after it got its turn: nobody else will undo this.
            await self._take_back(promotion)
            raise PromotionEnded(f"promotion {promotion.name} ended while it committed")
        await self._argo_cd.ensure(run.namespace, release.application)
        return succeeded(
            f"committed {commit[:12]}",
            commit=commit,
            image=release.image,
            release=release.version,
            releaseDigest=release.digest,
        )

    async def _take_back(self, promotion: Promotion) -> None:
        """Undo the commit of a promotion that is over, if it made one that is in force."""
        uid, namespace = promotion.metadata.uid, promotion.namespace
        application = promotion.spec.application
        commit = await self._repository.made_by(uid, namespace, application)
        if commit is None:
            return
        await self._repository.undo(
            commit,
            "the promotion ended before its commit",
            promotion=f"{namespace}/{promotion.name}",
            uid=uid,
        )
        await self._argo_cd.refresh(namespace, application)

    async def _undecided(
        self, promotion: Promotion, release: ReleaseSpec, rules: PromotionPipelineSpec
    ) -> Outcome | None:
        """A pull request that nobody merged; it waits without holding the application's turn."""
        uid, namespace = promotion.metadata.uid, promotion.namespace
        if rules.delivery != "pull-request" or await self._repository.made_by(
            uid, namespace, release.application
        ):
            return None
        return await self._pull_requests.undecided(promotion, release, rules)

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


def _step_of(pull_request: Manifest) -> list[Request]:
    namespace = pull_request["metadata"].get("namespace", "")
    return [Request(namespace, f"{pull_request['spec']['promotion']}-commit")]
