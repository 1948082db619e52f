"""Brings a trigger's events to their end: gather, decide (`decide.triggers`), start or wait.

The promotion has the event's name, and the event is looked at again until its status says how it
ended. Killed before the promotion: the next look starts it. Killed after: it finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.decide.next_promotions import KnownPromotion, KnownRelease
from idp.capabilities.promotion.decide.triggers import (
    Decision,
    concerns,
    decide,
    newest_that_may_come,
)
from idp.capabilities.promotion.kinds import (
    Promotion,
    PromotionTrigger,
    Release,
    TriggerEvent,
    TriggerEventStatus,
)
from idp.capabilities.promotion.ports import Reviewer
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL, TRIGGER_LABEL
from idp.capabilities.promotion.steps.pipeline import PIPELINE
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.status import write_status

log = structlog.get_logger(__name__)

_LATEST = 3600.0


class TriggerEventFollower:
    """Reconciles one event."""

    def __init__(self, client: Client, reviewer: Reviewer, clock: Clock = utc_now) -> None:
        self._client = client
        self._reviewer = reviewer
        self._clock = clock
        self._waiting: dict[tuple[str, str], set[str]] = {}

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [Watch(TriggerEvent.type()), Watch(Release.type(), self._of_release)]
        return Controller("trigger-events", self._client, self, watches, workers=1)

    def _of_release(self, release: Manifest) -> list[Request]:
        namespace = release["metadata"].get("namespace", "")
        names = self._waiting.get((namespace, release["spec"]["application"]), set())
        return [Request(namespace, name) for name in sorted(names)]

    async def __call__(self, request: Request) -> Result:
        """Start what may be started."""
        type_ = TriggerEvent.type()
        manifest = await get_or_none(self._client, type_, request.name, request.namespace)
        if manifest is None:
            return Result()
        event = TriggerEvent.parse(manifest)
        waiting = self._waiting.setdefault((event.namespace, event.spec.application), set())
        if event.status is not None and event.status.phase != "Waiting":
            waiting.discard(event.name)
            return Result()
        waiting.add(event.name)
        decision = await self._decide(event)
        if decision.phase == "Started":
            await self._start(event, decision.release)
        status = TriggerEventStatus(
            phase=decision.phase,
            promotion=event.name if decision.phase == "Started" else "",
            message=decision.message,
            remedy=decision.remedy,
        )
        await write_status(self._client, type_, manifest, status)
        return Result(requeue_after=_LATEST) if decision.phase == "Waiting" else Result()

    async def _decide(self, event: TriggerEvent) -> Decision:
        spec, namespace = event.spec, event.namespace
        promotions = await self._of(Promotion, event)
        if any(m["metadata"]["name"] == event.name for m in promotions):
            return Decision("Started")  # killed before the status said so
        if (refusal := await self._refusal(event)) is not None:
            return refusal
        pipeline = await get_or_none(self._client, PromotionPipeline.type(), PIPELINE)
        if pipeline is None:
            return Decision("Waiting", message=f"waits for the PromotionPipeline {PIPELINE}")
        previous = PromotionPipeline.parse(pipeline).spec.previous
        manifests = await self._of(Release, event)
        releases = [KnownRelease.of(m) for m in manifests]
        about: KnownRelease | None
        if spec.commit:
            built = [m for m in manifests if m["spec"]["source"]["commit"] == spec.commit]
            about = KnownRelease.of(built[-1]) if built else None
        else:
            about = newest_that_may_come(releases, previous)
            if about is None:
                return Decision("Ended", message="there was no release that may come")
        decision = decide(
            spec.application,
            about,
            releases,
            [KnownPromotion.of(m) for m in promotions],
            previous=previous,
            waited=self._waited(event),
        )
        if decision.phase == "Started" and not await self._reviewer.may_promote(
            spec.by, spec.by_groups, namespace=namespace
        ):
            return Decision(
                "Ended",
                message=f"{spec.by} may not promote in namespace {namespace}",
                remedy="Grant the verb promote on promotions.platform.idp, or name the groups "
                "that give it in `byGroups` of the trigger.",
            )
        return decision

    def _waited(self, event: TriggerEvent) -> timedelta:
        created = event.metadata.creation_timestamp
        return timedelta() if created is None else self._clock() - created

    async def _refusal(self, event: TriggerEvent) -> Decision | None:
        """The trigger is gone, or is about something else than the event says."""
        spec = event.spec
        body = await get_or_none(
            self._client, PromotionTrigger.type(), spec.trigger, event.namespace
        )
        if body is None:
            return Decision("Ended", message=f"trigger {spec.trigger} is gone")
        trigger = PromotionTrigger.parse(body).spec
        fits = concerns(trigger, spec.reference) if spec.reference else spec.by == trigger.by
        if trigger.application != spec.application or not fits:
            return Decision("Ended", message=f"this is no occasion of trigger {spec.trigger}")
        return None

    async def _of(
        self, kind: type[Release] | type[Promotion], event: TriggerEvent
    ) -> Sequence[Manifest]:
        listed = await self._client.list(kind.type(), event.namespace)
        return [m for m in listed.items if m["spec"].get("application") == event.spec.application]

    async def _start(self, event: TriggerEvent, release: str) -> None:
        if not release:
            return  # it is there
        manifest = render(
            Promotion.type(),
            event.name,
            event.namespace,
            labels={
                APPLICATION_LABEL: event.spec.application,
                TRIGGER_LABEL: event.spec.trigger,
            },
            spec={
                "application": event.spec.application,
                "action": "promote",
                "release": release,
                "initiator": event.spec.by,
            },
        )
        try:
            await self._client.create(Promotion.type(), manifest)
        except AlreadyExists:
            return
        log.info("trigger started a promotion", promotion=event.name, namespace=event.namespace)
