"""An application's turn: only one promotion at a time changes what runs.

A promotion takes the turn before its commit and gives it back when it has ended. The turn is a
Lease of the application, held in the name of the promotion's uid; who holds it is checked against
the promotions, so a holder that is over or gone loses it. Taking it also states the condition
`Proceeding` on the promotion, with optimistic concurrency: a promotion is either superseded or
proceeding, never both, because both write the same version of one object.
"""

from __future__ import annotations

from datetime import datetime

from idp.capabilities.promotion.decide.promotion_status import (
    ABORTED,
    ATTESTING,
    PROCEEDING,
    has_ended,
    has_turn,
    is_over,
)
from idp.capabilities.promotion.kinds import Promotion
from idp.capabilities.promotion.remedies import Place
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.conditions import condition_of, is_true
from idp.kernel.errors import AlreadyExists, Conflict, IdpError, NotFound
from idp.kernel.manifest import render
from idp.kernel.resource import Manifest
from idp.kernel.standard import LEASE
from idp.kernel.step import Outcome, waiting

_HOLDER = "platform.idp/promotion"


def waiting_for(holder: str, place: Place) -> Outcome:
    """What a step says while another promotion has the turn."""
    return waiting(
        f"promotion {holder} of the same application to end",
        reason="WaitingForTurn",
        remedy=place.watch(),
    )


class PromotionEnded(IdpError):
    """The promotion is over, so none of its steps may act any more."""

    code = "PromotionEnded"
    status = 409


class Turns:
    """Takes and gives back turns."""

    def __init__(self, client: Client, clock: Clock = utc_now) -> None:
        self._client = client
        self._clock = clock

    async def take(self, namespace: str, name: str) -> str | None:
        """Take the turn for a promotion, or keep it.

        Returns:
            None when it has the turn; else the name of the promotion that does.

        Raises:
            PromotionEnded: It is over (superseded, for example): it gets no turn.
            NotFound: It is gone.
        """
        promotion = await self._client.get(Promotion.type(), name, namespace)
        while True:
            _refuse_ended(promotion)
            if (holder := await self._lease(promotion)) is not None:
                return holder
            if await self._state(promotion):
                return None
            promotion = await self._client.get(Promotion.type(), name, namespace)
            if is_over(promotion):
                await self.give_back(promotion)

    async def give_back(self, promotion: Manifest) -> None:
        """Give the turn back, if this promotion holds it."""
        meta = promotion["metadata"]
        lease = await get_or_none(self._client, LEASE, _lease_name(promotion), meta["namespace"])
        if lease is None or lease["spec"].get("holderIdentity") != meta["uid"]:
            return
        try:
            await self._client.delete(
                LEASE, lease["metadata"]["name"], meta["namespace"], uid=lease["metadata"]["uid"]
            )
        except (NotFound, Conflict):
            return

    async def _lease(self, promotion: Manifest) -> str | None:
        """Hold the lease (None), or name who does."""
        meta = promotion["metadata"]
        wanted = self._rendered(promotion)
        while True:
            lease = await get_or_none(
                self._client, LEASE, _lease_name(promotion), meta["namespace"]
            )
            try:
                if lease is None:
                    await self._client.create(LEASE, wanted)
                    return None
                if lease["spec"].get("holderIdentity") == meta["uid"]:
                    return None
                if (holder := await self._living_holder(lease)) is not None:
                    return holder
                version = lease["metadata"]["resourceVersion"]
                taken = {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": version}}
                await self._client.update(LEASE, taken)
                return None
            except (AlreadyExists, Conflict, NotFound):
                continue  # somebody else moved first: look again

    async def _living_holder(self, lease: Manifest) -> str | None:
        name = (lease["metadata"].get("annotations") or {}).get(_HOLDER, "")
        namespace = lease["metadata"]["namespace"]
        holder = await get_or_none(self._client, Promotion.type(), name, namespace)
        if holder is None or holder["metadata"]["uid"] != lease["spec"].get("holderIdentity"):
            return None
        return None if has_ended(holder) else name

    def _rendered(self, promotion: Manifest) -> Manifest:
        meta = promotion["metadata"]
        return render(
            LEASE,
            _lease_name(promotion),
            meta["namespace"],
            annotations={_HOLDER: meta["name"]},
            spec={
                "holderIdentity": meta["uid"],
                "acquireTime": timestamp(self._clock()).replace("Z", ".000000Z"),
            },
        )

    async def begin_attesting(self, namespace: str, name: str) -> None:
        """State that a promotion is past recall, unless it is.

        Raises:
            PromotionEnded: It is over, or was aborted.
            NotFound: It is gone.
        """
        while True:
            promotion = await self._client.get(Promotion.type(), name, namespace)
            _refuse_ended(promotion)
            if is_true(promotion, ATTESTING):
                return
            told = "it signs that the release is verified"
            if await self._stated(promotion, ATTESTING, "Signing", told):
                return

    async def is_over(self, namespace: str, name: str) -> bool:
        """Whether a promotion may not act any more; one that is gone may not."""
        promotion = await get_or_none(self._client, Promotion.type(), name, namespace)
        return promotion is None or is_over(promotion)

    async def _state(self, promotion: Manifest) -> bool:
        """State `Proceeding`; False when the promotion changed meanwhile."""
        if has_turn(promotion):
            return True
        told = "it is past approval and has the environment to itself"
        return await self._stated(promotion, PROCEEDING, "HasTurn", told)

    async def _stated(self, promotion: Manifest, type: str, reason: str, message: str) -> bool:
        try:
            await state(self._client, promotion, type, reason, message, self._clock())
        except Conflict:
            return False
        return True


async def state(
    client: Client, promotion: Manifest, type: str, reason: str, message: str, now: datetime
) -> Manifest:
    """State a condition on the promotion as it was read.

    Raises:
        Conflict: It changed meanwhile, so what was decided by it is void.
    """
    condition = {
        "type": type,
        "status": "True",
        "reason": reason,
        "message": message,
        "remedy": "",
        "observedGeneration": promotion["metadata"].get("generation", 0),
        "lastTransitionTime": timestamp(now),
    }
    status = dict(promotion.get("status") or {})
    status["conditions"] = [*(status.get("conditions") or []), condition]
    return await client.update(
        Promotion.type(), {**promotion, "status": status}, subresource="status"
    )


def _refuse_ended(promotion: Manifest) -> None:
    if is_over(promotion):
        status = promotion["status"]
        aborted = condition_of(promotion, ABORTED) or {}
        raise PromotionEnded(
            f"promotion {promotion['metadata']['name']} has ended: "
            f"{aborted.get('message') or status.get('message') or status['phase']}"
        )


def _lease_name(promotion: Manifest) -> str:
    return f"promotion-{promotion['spec']['application']}"
