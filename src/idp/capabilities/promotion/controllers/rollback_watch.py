"""Goes back by itself when a verified release turns out ill within its window.

A promotion that succeeded is watched for `rollback.windowSeconds` of the pipeline: the question is
the one by which it was verified, asked through the gateway. So many wrong answers in a row start a
rollback, bound to that promotion's commit: when a newer one is in force by then, it is not touched.
The rollback is a promotion as any other (revert, sync, confirm, verify), so the health of what ran
before is confirmed at the revision that brings it back. Its name follows from the promotion's, so
starting twice starts once. The answers so far are in memory only: after a restart they are counted
anew, which can only make it slower.

A release that forbids going back is frozen instead: it stays, nothing else starts by itself, and a
person is told what to do.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.clients.gateway import Gateway
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.holds import Holds
from idp.capabilities.promotion.kinds import PLATFORM_INITIATOR, Promotion
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, NotFound
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest

log = structlog.get_logger(__name__)


class RollbackWatch:
    """Reconciles one promotion that succeeded."""

    def __init__(
        self,
        client: Client,
        reader: PipelineReader,
        environment_repository: EnvironmentRepository,
        gateway: Gateway,
        holds: Holds,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._reader = reader
        self._repository = environment_repository
        self._gateway = gateway
        self._holds = holds
        self._clock = clock
        self._failures: dict[str, int] = {}

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [Watch(Promotion.type(), _succeeded)]
        return Controller("rollback-watch", self._client, self, watches, workers=2)

    async def __call__(self, request: Request) -> Result:
        """Ask once, and act on what was answered."""
        manifest = await get_or_none(
            self._client, Promotion.type(), request.name, request.namespace
        )
        if manifest is None or not _succeeded(manifest):
            return Result()
        promotion = Promotion.parse(manifest)
        try:
            pipeline = (await self._reader.rules()).pipeline
        except NotFound:  # it comes back by itself
            return Result(requeue_after=10.0)
        rule, end = pipeline.rollback, _end(promotion, pipeline)
        if not rule.automatic or end is None or self._clock() >= end:
            self._failures.pop(promotion.metadata.uid, None)
            return Result()
        if await self._is_ill(promotion, pipeline):
            await self._act(promotion, rule.failures)
            return Result()
        return Result(requeue_after=float(rule.period_seconds))

    async def _is_ill(self, promotion: Promotion, pipeline: PromotionPipelineSpec) -> bool:
        """Whether so many answers in a row were wrong; one question is asked now."""
        uid, path = promotion.metadata.uid, pipeline.verification.path
        host = await self._gateway.host(promotion.namespace, promotion.spec.application)
        good = host is None or await self._gateway.answers(host, path)
        self._failures[uid] = 0 if good else self._failures.get(uid, 0) + 1
        return self._failures[uid] >= pipeline.rollback.failures

    async def _act(self, promotion: Promotion, failures: int) -> None:
        assert promotion.status is not None
        namespace, application = promotion.namespace, promotion.spec.application
        commit, release = promotion.status.commit, promotion.spec.release
        in_force = await self._repository.in_force(namespace, application)
        if not in_force or in_force[0].id != commit:
            return  # something newer runs: what is ill is not this release
        why = f"it did not answer {failures} times in a row after its promotion {promotion.name}"
        deployed = await self._repository.deployed(commit, namespace, application)
        if deployed.forbids_rollback:
            words = f"{why}, and it forbids going back: {deployed.forbids_rollback}"
            await self._holds.freeze(namespace, application, release, words)
            return
        await self._holds.roll_back(namespace, application, release, why)
        wanted = rollback_of(promotion, commit, why)
        try:
            await self._client.create(Promotion.type(), wanted)
        except AlreadyExists:
            return
        log.warning("rolling back by itself", promotion=promotion.name, namespace=namespace)


def rollback_of(promotion: Promotion, commit: str, why: str) -> Manifest:
    """The rollback of a promotion's commit; of the same one it has the same name. Pure."""
    return render(
        Promotion.type(),
        f"{promotion.name}-rollback",
        promotion.namespace,
        labels={APPLICATION_LABEL: promotion.spec.application},
        spec={
            "application": promotion.spec.application,
            "action": "rollback",
            "undoes": commit,
            "initiator": PLATFORM_INITIATOR,
            "reason": why,
        },
    )


def _end(promotion: Promotion, pipeline: PromotionPipelineSpec) -> datetime | None:
    finished = promotion.status.finished_at if promotion.status else None
    return finished and finished + timedelta(seconds=pipeline.rollback.window_seconds)


def _succeeded(manifest: Manifest) -> list[Request]:
    meta, status = manifest["metadata"], manifest.get("status") or {}
    promotes = manifest["spec"].get("action", "promote") == "promote"
    if not promotes or status.get("phase") != "Succeeded" or not status.get("commit"):
        return []
    return [Request(meta["namespace"], meta["name"])]
