"""The gate `set`: a member of a PromotionSet commits when the set lets it (`decide/promotion_set`).

No pipeline names it; nothing overrides it, for half a set is what it must never come to.
"""

from __future__ import annotations

from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.capabilities.promotion.kinds import PromotionSet, PromotionSetStatus
from idp.kernel.client import Client, get_or_none

LOOK_AGAIN = 1.0


class SetGate:
    """Reads the set."""

    rule = "set"
    overridable = False
    expedited = False

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, rule: None, case: GateCase) -> GateAnswer:
        """Whether the set lets this member commit."""
        name, namespace = case.promotion.spec.set, case.promotion.namespace
        manifest = await get_or_none(self._client, PromotionSet.type(), name, namespace)
        if manifest is None:
            return refused(f"there is no set {name} any more", "Promote the release by itself.")
        status = PromotionSet.parse(manifest).status or PromotionSetStatus()
        if status.failure:
            return refused(f"set {name} failed: {status.failure}", "Start the set again.")
        if case.promotion.spec.application in status.cleared:
            return open_(f"set {name} lets it commit")
        words = f"set {name}, which {status.message or 'begins'}"
        return GateAnswer("Waiting", words, "What its other members wait for.", after=LOOK_AGAIN)
