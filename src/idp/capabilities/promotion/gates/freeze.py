"""`freeze`: no `Freeze` of the instance covers the application now.

It is before every promotion, whatever the pipeline says. A rollback has no gates, so it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_
from idp.capabilities.promotion.kinds import Freeze
from idp.kernel.client import Client
from idp.kernel.clock import timestamp


def decide(freezes: Sequence[Freeze], case: GateCase) -> GateAnswer:
    """Whether one is on; of several, the one that lasts longest is told."""
    on = [freeze for freeze in freezes if _covers(freeze, case)]
    if not on:
        return open_("nothing is frozen")
    longest = max(on, key=lambda freeze: (freeze.spec.until, freeze.name))
    spec, until = longest.spec, timestamp(longest.spec.until)
    return GateAnswer(
        "Waiting",
        f"{spec.by} froze it until {until}: {spec.reason}",
        f"`idp-cli freeze end {longest.name} -e {case.environment}` ends it; an emergency "
        "override goes through it.",
        spec.until,
        evidence={"freezes": sorted(freeze.name for freeze in on)},
    )


def _covers(freeze: Freeze, case: GateCase) -> bool:
    spec, selector = freeze.spec, freeze.spec.selector
    start = spec.start or freeze.metadata.creation_timestamp
    if not ((start is None or start <= case.now) and case.now < spec.until):
        return False
    if selector.namespaces and case.promotion.namespace not in selector.namespaces:
        return False
    return not selector.applications or case.release.application in selector.applications


class FreezeGate:
    """Reads the freezes."""

    rule = "freeze"
    overridable = True
    expedited = False

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, rule: None, case: GateCase) -> GateAnswer:
        """Whether a freeze is on."""
        listed = await self._client.list(Freeze.type())
        return decide([Freeze.parse(body) for body in listed.items], case)
