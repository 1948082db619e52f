"""Stops a promotion that somebody aborted.

An abort is an order that lasts (`PromotionAbort`), so a crash at any line forgets nothing. To carry
it out is to state the condition `Aborted` on the promotion, with optimistic concurrency: from then
on no step of it takes the turn or attests (`turn.py`), and its end is that of every failure: what
it committed is undone. An attestation that has begun is past recall, for the next environment may
act on it at once; then the abort comes too late, and a rollback is what is needed.
"""

from __future__ import annotations

from idp.capabilities.promotion.decide.promotion_status import ABORTED, ATTESTING
from idp.capabilities.promotion.kinds import PromotionAbort
from idp.capabilities.promotion.turn import state
from idp.kernel.client import Client
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import is_true
from idp.kernel.controller import Request
from idp.kernel.errors import NotFound
from idp.kernel.resource import Manifest
from idp.kernel.standard import WORKFLOW


class Aborting:
    """Every method may be called again after a crash."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock

    async def order(self, promotion: Manifest) -> PromotionAbort | None:
        """The first order to stop this very promotion, or None."""
        meta = promotion["metadata"]
        listed = await self._client.list(PromotionAbort.type(), meta["namespace"])
        orders = [
            PromotionAbort.parse(manifest)
            for manifest in listed.items
            if manifest["spec"]["promotion"] == meta["name"]
            and manifest["spec"]["promotionUid"] == meta["uid"]
        ]
        return min(orders, key=lambda o: (str(o.metadata.creation_timestamp), o.name), default=None)

    async def carry_out(self, promotion: Manifest, order: PromotionAbort) -> Manifest | None:
        """State that the promotion is aborted, and stop its workflow.

        Returns:
            The promotion as it is then; None when it is too late.

        Raises:
            Conflict: It changed meanwhile: look again.
        """
        if not is_true(promotion, ABORTED):
            if is_true(promotion, ATTESTING):
                return None
            promotion = await state(
                self._client, promotion, ABORTED, "ByUser", words(order), self._clock()
            )
        meta = promotion["metadata"]
        try:
            await self._client.patch(
                WORKFLOW, meta["name"], {"spec": {"shutdown": "Terminate"}}, meta["namespace"]
            )
        except NotFound:
            return promotion
        return promotion


def words(order: PromotionAbort) -> str:
    """What is said of it."""
    return f"aborted by {order.spec.user}: {' '.join(order.spec.reason.split())}"


def promotion_of(order: Manifest) -> list[Request]:
    """What an order is about, for a watch."""
    return [Request(order["metadata"].get("namespace", ""), order["spec"]["promotion"])]
