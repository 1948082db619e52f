"""Holds: a release that went badly does not start again by itself, and everybody sees why.

A hold is the condition `Held` of the Release, so it outlives promotions. `RolledBack` holds that
release; `Frozen` holds the whole application, for what runs is ill and must not be gone back from:
a person decides what comes next. Promoting by hand lifts both.
"""

from __future__ import annotations

from idp.capabilities.promotion.controllers.events import warn
from idp.capabilities.promotion.decide.next_promotions import FROZEN, HELD, ROLLED_BACK
from idp.capabilities.promotion.kinds import Release
from idp.capabilities.promotion.remedies import Place
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import condition_of, false, is_true, true
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated


class Holds:
    """Puts and lifts holds; every method may be called again after a crash."""

    def __init__(self, client: Client, *, environment: str, clock: Clock = utc_now) -> None:
        self._client = client
        self._environment = environment
        self._clock = clock

    async def roll_back(self, namespace: str, application: str, release: str, why: str) -> None:
        """Hold a release that went back."""
        place = Place(application, namespace, self._environment)
        remedy = f"To try it again all the same: {place.promote()}"
        await self._put(namespace, release, ROLLED_BACK, f"it went back: {why}", remedy)

    async def freeze(self, namespace: str, application: str, release: str, why: str) -> None:
        """Hold an application whose release must not be gone back from, and say so loudly."""
        place = Place(application, namespace, self._environment)
        message = f"nothing of {application} starts here by itself: {why}"
        remedy = f"Push a fix, then bring it by hand: {place.promote()}"
        await self._put(namespace, release, FROZEN, message, remedy)
        await warn(
            self._client,
            namespace,
            subject=f"{application} {release}",
            reason="ApplicationFrozen",
            message=f"{self._environment}: {message}. {remedy}",
        )

    async def lift(self, namespace: str, application: str, release: str, by: str) -> None:
        """A person promotes: the release is not held any more, nor is its application."""
        for manifest in (await self._client.list(Release.type(), namespace)).items:
            held = condition_of(manifest, HELD) or {}
            if held.get("status") != "True" or manifest["spec"]["application"] != application:
                continue
            if manifest["metadata"]["name"] == release or held.get("reason") == FROZEN:
                message = f"{by} promoted {release} by hand"
                await self._state(manifest, false(HELD, "Lifted", message, remedy=""))

    async def _put(
        self, namespace: str, release: str, reason: str, message: str, remedy: str
    ) -> None:
        manifest = await get_or_none(self._client, Release.type(), release, namespace)
        if manifest is None or is_true(manifest, HELD):
            return
        condition = true(HELD, reason, message[:1000])
        condition.remedy = remedy
        await self._state(manifest, condition)

    async def _state(self, manifest: Manifest, condition: Condition) -> None:
        """Raises `Conflict` when the release changed meanwhile: whoever asked asks again."""
        conditions = [
            c.model_dump(mode="json", by_alias=True, exclude_none=True)
            for c in dated(manifest, condition, self._clock())
        ]
        status = {**(manifest.get("status") or {}), "conditions": conditions}
        await self._client.update(
            Release.type(), {**manifest, "status": status}, subresource="status"
        )
