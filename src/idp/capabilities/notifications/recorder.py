"""Records what is to be told: gather, decide (`messages`, `channels`), write to the outbox.

A promotion that rules cover gets a finalizer, so that it cannot go before its end was recorded,
whenever this process is killed.
"""

from __future__ import annotations

import asyncio

from idp.capabilities.notifications.decide import channels, messages
from idp.capabilities.notifications.kinds import PLATFORM_NAMESPACE, NotificationRule
from idp.capabilities.notifications.outbox import Outbox
from idp.capabilities.notifications.sender import Sender
from idp.capabilities.promotion.kinds import PipelineStep, Promotion
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest

FINALIZER = "platform.idp/notifications"


class Recorder:
    """Reconciles one promotion."""

    def __init__(
        self,
        client: Client,
        outbox: Outbox,
        sender: Sender,
        *,
        environment: str,
        clock: Clock = utc_now,
    ) -> None:
        self._client = client
        self._outbox = outbox
        self._sender = sender
        self._environment = environment
        self._clock = clock

    def controller(self) -> Controller:
        """The controller with its watches. A new rule tells of what happens from then on."""
        watches = [Watch(Promotion.type()), Watch(PipelineStep.type(), _promotion_of)]
        return Controller("notifications", self._client, self, watches)

    async def __call__(self, request: Request) -> Result:
        """Record what is to be told of a promotion."""
        type_ = Promotion.type()
        manifest = await get_or_none(self._client, type_, request.name, request.namespace)
        if manifest is None:
            return Result()
        goes = "deletionTimestamp" in manifest["metadata"]
        held = FINALIZER in manifest["metadata"].get("finalizers", [])
        rules = await self._rules(request.namespace)
        if goes and not held:
            return Result()
        promotion = Promotion.parse(manifest)
        if rules and not held:
            manifest = await self._hold(manifest)
        new = 0
        if rules:
            steps = await self._steps(promotion)
            for message in messages(promotion, steps, self._environment, self._clock()):
                where = channels(message, rules)
                new += await asyncio.to_thread(self._outbox.record, message, where)
        if new:
            self._sender.wake()
        if goes and len(manifest["metadata"]["finalizers"]) == 1:
            await self._let_go(manifest)
        return Result()

    async def _rules(self, namespace: str) -> list[NotificationRule]:
        found = []
        for place in dict.fromkeys((namespace, PLATFORM_NAMESPACE)):
            listed = await self._client.list(NotificationRule.type(), place)
            found += [NotificationRule.parse(manifest) for manifest in listed.items]
        return found

    async def _steps(self, promotion: Promotion) -> list[PipelineStep]:
        listed = await self._client.list(PipelineStep.type(), promotion.namespace)
        steps = [PipelineStep.parse(manifest) for manifest in listed.items]
        return [step for step in steps if _is_of(step, promotion)]

    async def _hold(self, manifest: Manifest) -> Manifest:
        finalizers = [*manifest["metadata"].get("finalizers", []), FINALIZER]
        return await self._set(manifest, finalizers)

    async def _let_go(self, manifest: Manifest) -> None:
        """Go last: until then the ledger's finalizer may still bring the end to be told."""
        try:
            await self._set(manifest, [])
        except NotFound:
            return

    async def _set(self, manifest: Manifest, finalizers: list[str]) -> Manifest:
        metadata = {**manifest["metadata"], "finalizers": finalizers}
        return await self._client.update(Promotion.type(), {**manifest, "metadata": metadata})


def _is_of(step: PipelineStep, promotion: Promotion) -> bool:
    """By name and by time: a step of a former promotion of the same name is older than this one."""
    made, since = step.metadata.creation_timestamp, promotion.metadata.creation_timestamp
    return step.spec.promotion == promotion.name and not (made and since and made < since)


def _promotion_of(step: Manifest) -> list[Request]:
    name = step["spec"].get("promotion", "")
    return [Request(step["metadata"].get("namespace", ""), name)] if name else []
