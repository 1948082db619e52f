"""What went past the rules is made known: a Review, a condition, an event."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import timedelta

from idp.capabilities.environments.kinds import PromotionPipelineSpec
from idp.capabilities.promotion.controllers.events import warn
from idp.capabilities.promotion.decide.approvals import Override
from idp.capabilities.promotion.gatekeeper import GateReport
from idp.capabilities.promotion.kinds import Promotion, Release, Review
from idp.capabilities.promotion.render.templates import APPLICATION_LABEL
from idp.kernel.client import Client
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.errors import AlreadyExists, Conflict
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest

PAST_RULES = "PastRules"
"""Condition of a Promotion that went past the rules; the cause stands behind it."""


class Reviews:
    """Opens reviews. Each has a name that follows from its promotion, so it is opened once."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock

    async def open(
        self,
        promotion: Promotion,
        release: Release,
        pipeline: PromotionPipelineSpec,
        override: Override | None,
        reports: Sequence[GateReport],
    ) -> None:
        """Open what is due; nothing when the rules were kept."""
        if override is not None:
            past = ["approvals", *(r.name for r in reports if r.answer.state == "Overridden")]
            await self._open(
                promotion, release, pipeline, "emergency", override.by, override.reason, past
            )
        if promotion.spec.hotfix:
            spec = promotion.spec
            past = [
                "environments before this one",
                *(r.name for r in reports if r.answer.state == "Skipped"),
            ]
            await self._open(
                promotion, release, pipeline, "hotfix", spec.initiator, spec.reason, past
            )

    async def _open(
        self,
        promotion: Promotion,
        release: Release,
        pipeline: PromotionPipelineSpec,
        cause: str,
        by: str,
        reason: str,
        past: Sequence[str],
    ) -> None:
        name = f"{promotion.name}-{cause}"
        due = self._clock() + timedelta(days=pipeline.emergency.review_days)
        review = render(
            Review.type(),
            name,
            promotion.namespace,
            labels={APPLICATION_LABEL: promotion.spec.application},
            spec={
                "application": promotion.spec.application,
                "promotion": promotion.name,
                "release": release.name,
                "releaseDigest": release.spec.digest,
                "cause": cause,
                "by": by,
                "reason": reason,
                "overridden": list(past),
                "due": timestamp(due),
                "validateIn": list(pipeline.hotfix.validate_in) if cause == "hotfix" else [],
            },
        )
        with contextlib.suppress(AlreadyExists):
            await self._client.create(Review.type(), review)
        words = f"{cause} of {promotion.name} by {by}: {reason}; past: {', '.join(past)}"
        await self._state(promotion, cause, f"{words}; review {name}")
        await warn(
            self._client,
            promotion.namespace,
            subject=f"{promotion.metadata.uid} {cause}",
            reason="EmergencyOverride" if cause == "emergency" else "Hotfix",
            message=words,
        )

    async def _state(self, promotion: Promotion, cause: str, message: str) -> None:
        """State the condition; the reconciler keeps it when it writes the status."""
        while True:
            live = await self._client.get(Promotion.type(), promotion.name, promotion.namespace)
            status = dict(live.get("status") or {})
            conditions = list(status.get("conditions") or [])
            type_ = f"{PAST_RULES}{cause.capitalize()}"
            if any(c["type"] == type_ for c in conditions):
                return
            status["conditions"] = [*conditions, self._condition(type_, cause, message, live)]
            try:
                await self._client.update(
                    Promotion.type(), {**live, "status": status}, subresource="status"
                )
            except Conflict:  # it changed meanwhile: look again
                continue
            return

    def _condition(self, type_: str, cause: str, message: str, live: Manifest) -> Manifest:
        return {
            "type": type_,
            "status": "True",
            "reason": cause.capitalize(),
            "message": message[:2000],
            "remedy": "Somebody else reviews it: `idp-cli promotion reviews`.",
            "observedGeneration": live["metadata"].get("generation", 0),
            "lastTransitionTime": timestamp(self._clock()),
        }
