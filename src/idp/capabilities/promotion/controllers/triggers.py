"""Notices the occasions that come by themselves: a moment of a schedule, a verified release.

Pushes come from the hub, in the name of who pushed. An occasion's event is named after it, so a
look that is repeated notices it once. Ended events are kept for a while, then deleted: an occasion
does not come again, because its release was promoted, or its moment is long past.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.decide.next_promotions import KnownRelease
from idp.capabilities.promotion.decide.triggers import (
    LATE,
    event_name,
    last_due,
    newest_that_may_come,
    next_due,
)
from idp.capabilities.promotion.kinds import (
    PromotionTrigger,
    PromotionTriggerStatus,
    Release,
    ScheduleRule,
    TriggerEvent,
)
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL, TRIGGER_LABEL
from idp.capabilities.promotion.steps.pipeline import PIPELINE
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, parse_timestamp, timestamp, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, InvalidInput, NotFound
from idp.kernel.manifest import owned_by, render
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status

KEPT = 20
"""Ended events of a trigger that are kept, and all that are younger than `KEPT_FOR`."""
KEPT_FOR = timedelta(days=1)


class TriggerWatcher:
    """Reconciles one trigger."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock
        self._triggers: dict[tuple[str, str], set[str]] = {}

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [Watch(PromotionTrigger.type()), Watch(Release.type(), self._of_release)]
        return Controller("triggers", self._client, self, watches, workers=1)

    def _of_release(self, release: Manifest) -> list[Request]:
        namespace = release["metadata"].get("namespace", "")
        names = self._triggers.get((namespace, release["spec"]["application"]), set())
        return [Request(namespace, name) for name in sorted(names)]

    async def __call__(self, request: Request) -> Result:
        """Make the events that are due, and say when to look again."""
        type_ = PromotionTrigger.type()
        manifest = await get_or_none(self._client, type_, request.name, request.namespace)
        if manifest is None:
            return Result()
        trigger, now = PromotionTrigger.parse(manifest), self._clock()
        schedule = trigger.spec.schedule
        if trigger.spec.verified:
            key = (trigger.namespace, trigger.spec.application)
            self._triggers.setdefault(key, set()).add(trigger.name)
            await self._verified(trigger)
        again, condition = None, true("Ready", "Watching", "waits for its occasion")
        if schedule is not None:
            again, condition = await self._scheduled(trigger, schedule, now)
        await self._prune(trigger, now)
        status = PromotionTriggerStatus()
        status.conditions = dated(manifest, condition, now)
        await write_status(self._client, type_, manifest, status)
        return Result(requeue_after=again)

    async def _scheduled(
        self, trigger: PromotionTrigger, rule: ScheduleRule, now: datetime
    ) -> tuple[float | None, Condition]:
        try:
            due, following = last_due(rule, now), next_due(rule, now)
        except InvalidInput as error:
            return None, false("Ready", "InvalidSchedule", error.message, remedy=error.remedy or "")
        created = trigger.metadata.creation_timestamp
        if now - due <= LATE and (created is None or created < due):
            await self._notice(trigger, timestamp(due))
        told = f"next at {timestamp(following)}"
        seconds = (following - now).total_seconds()
        return min(seconds + 0.1, 3600.0), true("Ready", "Watching", told)

    async def _verified(self, trigger: PromotionTrigger) -> None:
        pipeline = await get_or_none(self._client, PromotionPipeline.type(), PIPELINE)
        previous = None if pipeline is None else PromotionPipeline.parse(pipeline).spec.previous
        if previous is None:
            return  # nothing comes before this environment, so nothing verifies for it
        listed = await self._client.list(Release.type(), trigger.namespace)
        mine = {
            body["metadata"]["name"]: body
            for body in listed.items
            if body["spec"]["application"] == trigger.spec.application
        }
        newest = newest_that_may_come([KnownRelease.of(body) for body in mine.values()], previous)
        if newest is not None and not newest.promoted:
            commit = mine[newest.name]["spec"]["source"]["commit"]
            await self._notice(trigger, newest.version, commit)

    async def _notice(self, trigger: PromotionTrigger, occasion: str, commit: str = "") -> None:
        spec = trigger.spec
        event = render(
            TriggerEvent.type(),
            event_name(trigger.name, occasion),
            trigger.namespace,
            labels={APPLICATION_LABEL: spec.application, TRIGGER_LABEL: trigger.name},
            spec={
                "trigger": trigger.name,
                "application": spec.application,
                "by": spec.by,
                "byGroups": spec.by_groups,
                "commit": commit,
            },
        )
        try:
            await self._client.create(TriggerEvent.type(), owned_by(trigger.manifest(), [event])[0])
        except AlreadyExists:
            return

    async def _prune(self, trigger: PromotionTrigger, now: datetime) -> None:
        listed = await self._client.list(TriggerEvent.type(), trigger.namespace)
        ended = sorted(
            (
                (body["metadata"]["creationTimestamp"], body["metadata"]["name"])
                for body in listed.items
                if body["spec"]["trigger"] == trigger.name
                and (body.get("status") or {}).get("phase") in ("Started", "Ended")
            ),
            reverse=True,
        )
        for created, name in ended[KEPT:]:
            if now - parse_timestamp(created) > KEPT_FOR:
                try:
                    await self._client.delete(TriggerEvent.type(), name, trigger.namespace)
                except NotFound:
                    continue
