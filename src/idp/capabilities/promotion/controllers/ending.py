"""How a promotion ends: undone if it failed, recorded, stated, its turn given back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from idp.capabilities.promotion.clients.argo_cd import ArgoCd
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, PromotionStatus
from idp.capabilities.promotion.ledger import Ledger, LedgerEntry
from idp.capabilities.promotion.turn import Turns
from idp.kernel.client import Client
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.errors import Conflict, NotFound
from idp.kernel.resource import Manifest

log = structlog.get_logger(__name__)


class PromotionEnding:
    """Every method may be called again after a crash."""

    def __init__(
        self,
        client: Client,
        environment_repository: EnvironmentRepository,
        ledger: Ledger,
        turns: Turns,
        argo_cd: ArgoCd,
        *,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._repository = environment_repository
        self._ledger = ledger
        self._turns = turns
        self._argo_cd = argo_cd
        self._environment = environment
        self._clock = clock
        self._finished: set[str] = set()

    async def end(
        self,
        promotion: Promotion,
        manifest: Manifest,
        status: PromotionStatus,
        steps: Sequence[PipelineStep],
    ) -> None:
        """End a promotion: undo, record, state, give back."""
        status = await self.undo(promotion, status)
        if status.finished_at is None:
            status.finished_at = self._clock().replace(microsecond=0)
        await self._record(promotion, status, steps)
        if await self.write(manifest, status):
            await self._turns.give_back(manifest)
            log.info(
                "promotion ended",
                promotion=promotion.name,
                namespace=promotion.namespace,
                phase=status.phase,
            )

    async def finish(
        self, promotion: Promotion, status: PromotionStatus, steps: Sequence[PipelineStep]
    ) -> None:
        """Make sure that an ended promotion is recorded and has given its turn back."""
        if promotion.metadata.uid in self._finished:
            return
        await self._record(promotion, status, steps)
        await self._turns.give_back(promotion.manifest())
        self._finished.add(promotion.metadata.uid)

    async def undo(self, promotion: Promotion, status: PromotionStatus) -> PromotionStatus:
        """Undo the commit of a promotion that failed; a rollback that failed stays."""
        if status.phase != "Failed" or promotion.spec.action != "promote":
            return status
        namespace, application = promotion.namespace, promotion.spec.application
        uid = promotion.metadata.uid
        commit = await self._repository.made_by(uid, namespace, application)
        try:
            if commit is not None:
                await self._repository.undo(
                    commit, status.message, promotion=f"{namespace}/{promotion.name}", uid=uid
                )
        except Conflict as error:
            text = f"{status.message}; its commit {commit} could not be undone: {error.message}"
            return status.model_copy(update={"message": text, "remedy": error.remedy or ""})
        undoing = await self._repository.undone_by(uid, namespace, application)
        if undoing is None:
            return status
        await self._argo_cd.refresh(namespace, application)
        back = await self._repository.deployed(undoing, namespace, application)
        serves = f"{back.release or back.image} serves on" if back.image else "nothing ran before"
        text = f"{status.message}; undone by commit {undoing[:12]}: {serves}"
        return status.model_copy(update={"message": text})

    async def write(self, manifest: Manifest, status: PromotionStatus) -> bool:
        """Write the status when it changed; False when the promotion changed meanwhile."""
        status.observed_generation = manifest["metadata"].get("generation", 0)
        body = status_body(status)
        if body == manifest.get("status"):
            return True
        try:
            await self._client.update(
                Promotion.type(), {**manifest, "status": body}, subresource="status"
            )
        except (Conflict, NotFound):  # its event calls the reconciler again
            return False
        return True

    async def _record(
        self, promotion: Promotion, status: PromotionStatus, steps: Sequence[PipelineStep]
    ) -> None:
        entry = ledger_entry(promotion, status, steps, self._environment)
        await asyncio.to_thread(self._ledger.record, entry)


def status_body(status: PromotionStatus) -> dict[str, Any]:
    """The status as the API takes it; times in whole seconds, so that equal ones compare equal."""
    body: dict[str, Any] = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    for name, moment in (("startedAt", status.started_at), ("finishedAt", status.finished_at)):
        if moment is not None:
            body[name] = timestamp(moment)
    for stated, condition in zip(body["conditions"], status.conditions, strict=True):
        if condition.last_transition_time is not None:
            stated["lastTransitionTime"] = timestamp(condition.last_transition_time)
    return body


def ledger_entry(
    promotion: Promotion,
    status: PromotionStatus,
    steps: Sequence[PipelineStep],
    environment: str,
) -> LedgerEntry:
    """What is recorded of a promotion. Pure."""
    outputs = {step.spec.uses: step.status.outputs for step in steps if step.status is not None}
    change = outputs.get("commit") or outputs.get("revert") or {}
    spec = promotion.spec
    return LedgerEntry(
        uid=promotion.metadata.uid,
        environment=environment,
        namespace=promotion.namespace,
        application=spec.application,
        promotion=promotion.name,
        action=spec.action,
        release=spec.release or str(change.get("release", "")),
        release_digest=status.release_digest or str(change.get("releaseDigest", "")),
        image=status.image,
        git_commit=status.commit,
        initiator=spec.initiator,
        reason=spec.reason,
        phase=status.phase,
        message=status.message,
        policy_version=status.policy_version,
        started_at=timestamp(status.started_at) if status.started_at else "",
        finished_at=timestamp(status.finished_at) if status.finished_at else "",
        verdict=outputs.get("verdict", {}),
        approvals=_agreement(outputs),
    )


def _agreement(outputs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Who agreed, and how the gates stood; what gates remember for themselves is left out."""
    gates = [
        {name: value for name, value in gate.items() if name != "memory"}
        for gate in outputs.get("gates", {}).get("gates") or []
    ]
    agreed = dict(outputs.get("approval", {}))
    if override := outputs.get("gates", {}).get("override"):
        agreed["override"] = override
    return {**agreed, "gates": gates} if gates else agreed
