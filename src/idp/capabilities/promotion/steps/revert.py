"""`revert`: goes back to what ran before, by undoing the newest commit that is in force.

Image, configuration and policy are one commit, so they go back together.
"""

from __future__ import annotations

from idp.capabilities.promotion.clients.argo_cd import ArgoCd
from idp.capabilities.promotion.environment import Deployed, EnvironmentRepository
from idp.capabilities.promotion.kinds import Name
from idp.capabilities.promotion.remedies import Place
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.capabilities.promotion.turn import Turns, waiting_for
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, failed, succeeded
from idp.protocols.git.ports import Commit


class RevertParameters(Model):
    """What to undo.

    Attributes:
        application: Name of the application.
    """

    application: Name


class RevertStep:
    """Takes the application's turn, then undoes one commit; the commit is the idempotency key."""

    uses = "revert"
    parameters = RevertParameters

    def __init__(
        self,
        reader: PipelineReader,
        environment_repository: EnvironmentRepository,
        turns: Turns,
        argo_cd: ArgoCd,
        *,
        environment: str,
    ) -> None:
        self._reader = reader
        self._repository = environment_repository
        self._turns = turns
        self._argo_cd = argo_cd
        self._environment = environment

    async def perform(self, run: StepRun, parameters: RevertParameters) -> Outcome:
        """Undo once: a promotion that has undone a commit before a crash finds its own undoing."""
        promotion = await self._reader.promotion(run)
        application = parameters.application
        place = Place(application, run.namespace, self._environment)
        if (promotion.spec.action, promotion.spec.application) != ("rollback", application):
            raise UnprovenStep(f"promotion {promotion.name} is no rollback of {application}")
        if (holder := await self._turns.take(run.namespace, promotion.name)) is not None:
            return waiting_for(holder, place)
        uid = promotion.metadata.uid
        undone = await self._repository.undone_by(uid, run.namespace, application)
        if undone is None:
            in_force = await self._repository.in_force(run.namespace, application)
            if len(in_force) < 2:
                return _nothing_before(place, in_force)
            newest = await self._repository.deployed(in_force[0].id, run.namespace, application)
            if (refusal := _refusal(promotion.spec.undoes, newest, place)) is not None:
                return refusal
            reason = f"Rollback by {promotion.spec.initiator}: {promotion.spec.reason}"
            undone = await self._repository.undo(
                in_force[0].id, reason, promotion=f"{run.namespace}/{promotion.name}", uid=uid
            )
        await self._argo_cd.refresh(run.namespace, application)
        back = await self._repository.deployed(undone, run.namespace, application)
        if not back.image:
            return failed(
                f"commit {undone[:12]} left nothing of {application} to run",
                reason="NothingBefore",
                remedy=f"Promote a release: {place.promote()}",
                commit=undone,
            )
        return succeeded(
            f"went back to {back.release or back.image} by commit {undone[:12]}",
            commit=undone,
            image=back.image,
            release=back.release,
            releaseDigest=back.release_digest,
        )


def _nothing_before(place: Place, in_force: list[Commit]) -> Outcome:
    known = f"only commit {in_force[0].id[:12]}" if in_force else "no commit"
    return failed(
        f"there is nothing to go back to: {known} of {place.application} is in force",
        reason="NothingBefore",
        remedy=f"Promote another release: {place.promote()}",
    )


def _refusal(undoes: str, newest: Deployed, place: Place) -> Outcome | None:
    """Why the newest commit must stay, or None. Pure."""
    if undoes and undoes != newest.commit:
        return failed(
            f"commit {undoes[:12]} is not the newest any more: {newest.release} came by "
            f"{newest.commit[:12]}",
            reason="NotNewest",
            remedy=f"See what runs: {place.watch()}",
        )
    if newest.forbids_rollback:
        return failed(
            f"{newest.release} forbids going back: {newest.forbids_rollback}",
            reason="RollbackForbidden",
            remedy=f"Push a fix, then bring it: {place.promote()}",
        )
    return None
