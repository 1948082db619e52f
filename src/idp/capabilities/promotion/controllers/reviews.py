"""Follows reviews: where the release has been verified meanwhile, and whether they are overdue."""

from __future__ import annotations

from idp.capabilities.promotion.controllers.events import warn
from idp.capabilities.promotion.kinds import Release, Review, ReviewSpec, ReviewStatus
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status

CLOSED = "Closed"
_LATEST = 3600.0


class ReviewFollower:
    """Reconciles one review: states `Closed`, and warns once when its time is up."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock
        self._open: dict[tuple[str, str], set[str]] = {}

    def controller(self) -> Controller:
        """The controller with its watches."""
        watches = [Watch(Review.type()), Watch(Release.type(), self._of_release)]
        return Controller("reviews", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Bring the status up to date."""
        manifest = await get_or_none(self._client, Review.type(), request.name, request.namespace)
        if manifest is None:
            return Result()
        review = Review.parse(manifest)
        spec, namespace = review.spec, review.namespace
        self._open.setdefault((namespace, spec.release), set()).add(review.name)
        release = await get_or_none(self._client, Release.type(), spec.release, namespace)
        known = ((release or {}).get("status") or {}).get("verifiedIn") or []
        before = review.status.verified_in if review.status else []
        # What was seen once stays, though the release may be gone.
        verified = [e for e in spec.validate_in if e in known or e in before]
        now = self._clock()
        status = ReviewStatus(verified_in=verified)
        condition = closed(spec, verified, overdue=spec.due <= now)
        status.conditions = dated(manifest, condition, now)
        await write_status(self._client, Review.type(), manifest, status)
        if spec.closed_by:
            return Result()
        if spec.due <= now:
            await warn(
                self._client,
                namespace,
                subject=manifest["metadata"]["uid"],
                reason="ReviewOverdue",
                message=f"review {review.name} was due at {timestamp(spec.due)}",
            )
            return Result()
        return Result(requeue_after=min(_LATEST, (spec.due - now).total_seconds() + 0.1))

    def _of_release(self, release: Manifest) -> list[Request]:
        meta = release["metadata"]
        names = self._open.get((meta.get("namespace", ""), meta["name"]), set())
        return [Request(meta.get("namespace", ""), name) for name in sorted(names)]


def closed(spec: ReviewSpec, verified: list[str], *, overdue: bool) -> Condition:
    """What is true of a review. Pure."""
    if spec.closed_by:
        return true(CLOSED, "Reviewed", f"{spec.closed_by}: {spec.conclusion}"[:1000])
    missing = [e for e in spec.validate_in if e not in verified]
    late = f"; it was due at {timestamp(spec.due)}" if overdue else ""
    if missing:
        return false(
            CLOSED,
            "NotValidated",
            f"waits until {', '.join(missing)} verified the release{late}",
            remedy="Promote the release there.",
        )
    return false(
        CLOSED,
        "Overdue" if overdue else "Open",
        f"waits for somebody else than {spec.by}{late}",
        remedy="`idp-cli promotion review close` closes it.",
    )
