"""`soak`: the release has been verified in the previous environment for some time.

Counted from the previous environment's signed statement, by the time in it: its key is pinned,
so its clock is believed as far as its word is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from idp.capabilities.environments.kinds import SoakRule
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.kernel.clock import timestamp


def decide(
    rule: SoakRule, previous: str | None, verified_at: datetime | None, now: datetime
) -> GateAnswer:
    """Apply the rule; see `GateCase` for the arguments."""
    if previous is None or verified_at is None:
        return refused(
            f"nothing says since when {previous or 'a previous environment'} has verified it",
            "Remove the soak gate of an environment that has none before it; else let the "
            "previous one verify the release anew.",
        )
    until = verified_at + timedelta(minutes=rule.minutes)
    since = timestamp(verified_at)
    if verified_at > now:
        return GateAnswer(
            "Waiting",
            f"{previous} says that it verified the release at {since}, which is to come",
            "Set the clocks of both instances.",
            until,
        )
    if now < until:
        return GateAnswer(
            "Waiting",
            f"{rule.minutes} min in {previous}, where it was verified at {since}; "
            f"until {timestamp(until)}",
            "Time; or a hotfix or an emergency override, if it cannot wait.",
            until,
            evidence={"verifiedAt": since, "minutes": rule.minutes},
        )
    return open_(f"{previous} has verified it since {since}", verifiedAt=since)


class SoakGate:
    """Asks the clock."""

    rule = "soak"
    overridable = True
    expedited = True

    async def ask(self, rule: SoakRule, case: GateCase) -> GateAnswer:
        """How long it has been."""
        return decide(rule, case.pipeline.previous, case.verified_at, case.now)
