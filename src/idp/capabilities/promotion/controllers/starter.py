"""Starts promotions, and supersedes waiting ones: gather, decide (`next_promotions`), act.

The key is an application: a namespace and a name. Its name makes a promotion unique, so starting
twice starts once.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.decide.next_promotions import (
    KnownPromotion,
    KnownRelease,
    next_promotions,
)
from idp.capabilities.promotion.kinds import PLATFORM_INITIATOR, Promotion, Release
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.capabilities.promotion.steps.pipeline import PIPELINE
from idp.capabilities.promotion.turn import has_ended, has_turn
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, Conflict
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest

log = structlog.get_logger(__name__)


class PromotionStarter:
    """Reconciles one application."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock
        self._applications: set[Request] = set()

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [
            Watch(Release.type(), self._application_of),
            Watch(Promotion.type(), self._application_of),
            Watch(PromotionPipeline.type(), lambda _: sorted(self._applications, key=str)),
        ]
        return Controller("promotion-starter", self._client, self, watches, workers=2)

    def _application_of(self, manifest: Manifest) -> list[Request]:
        namespace = manifest["metadata"].get("namespace", "")
        request = Request(namespace, manifest["spec"]["application"])
        self._applications.add(request)
        return [request]

    async def __call__(self, request: Request) -> Result:
        """Start and supersede what the decision says."""
        pipeline = await get_or_none(self._client, PromotionPipeline.type(), PIPELINE)
        if pipeline is None:
            return Result(requeue_after=5.0)
        rules = PromotionPipeline.parse(pipeline).spec
        releases = await self._of(Release, request)
        promotions = await self._of(Promotion, request)
        plan = next_promotions(
            request.name,
            [known_release(m) for m in releases],
            [known_promotion(m) for m in promotions],
            previous=rules.previous,
            automatic=rules.automatic,
        )
        if plan.start is not None:
            await self._start(request, plan.name, plan.start)
        by_name = {m["metadata"]["name"]: m for m in promotions}
        for name, newer in plan.superseded:
            await self._supersede(by_name[name], newer)
        return Result()

    async def _of(
        self, kind: type[Release] | type[Promotion], request: Request
    ) -> Sequence[Manifest]:
        listed = await self._client.list(kind.type(), request.namespace)
        return [m for m in listed.items if m["spec"].get("application") == request.name]

    async def _start(self, request: Request, name: str, release: KnownRelease) -> None:
        manifest = render(
            Promotion.type(),
            name,
            request.namespace,
            labels={APPLICATION_LABEL: request.name},
            spec={
                "application": request.name,
                "action": "promote",
                "release": release.name,
                "initiator": PLATFORM_INITIATOR,
            },
        )
        try:
            await self._client.create(Promotion.type(), manifest)
        except AlreadyExists:
            return
        log.info("promotion started", promotion=name, namespace=request.namespace)

    async def _supersede(self, promotion: Manifest, newer: str) -> None:
        """End a waiting promotion, if it still waits: see `turn` for why this cannot go wrong."""
        if has_ended(promotion) or has_turn(promotion):
            return
        status = {
            **(promotion.get("status") or {}),
            "phase": "Superseded",
            "message": f"superseded by {newer}, which brings a newer release",
            "remedy": "",
            "finishedAt": timestamp(self._clock()),
        }
        try:
            await self._client.update(
                Promotion.type(), {**promotion, "status": status}, subresource="status"
            )
        except Conflict:  # it changed: its own event calls this again
            log.debug("promotion changed meanwhile", promotion=promotion["metadata"]["name"])


def known_release(manifest: Manifest) -> KnownRelease:
    """What is decided by, of a Release."""
    spec, status = manifest["spec"], manifest.get("status") or {}
    return KnownRelease(
        name=manifest["metadata"]["name"],
        version=spec["version"],
        count=spec["source"]["count"],
        time=spec["source"]["time"],
        verified_in=frozenset(status.get("verifiedIn", [])),
        promoted=bool(status.get("promotion")),
    )


def known_promotion(manifest: Manifest) -> KnownPromotion:
    """What is decided by, of a Promotion."""
    spec, meta = manifest["spec"], manifest["metadata"]
    promotes = spec.get("action", "promote") == "promote"
    return KnownPromotion(
        name=meta["name"],
        release=spec.get("release", "") if promotes else "",
        phase=(manifest.get("status") or {}).get("phase", ""),
        created=meta["creationTimestamp"],
        has_turn=has_turn(manifest),
    )
