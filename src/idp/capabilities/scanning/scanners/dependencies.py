"""Known vulnerabilities of the distributions in an image, by our own advisory database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib.metadata import version

from packaging.version import InvalidVersion, Version

from idp.capabilities.scanning.advisories import AdvisoryDatabase, age_in_days
from idp.capabilities.scanning.osv import affects, merge_aliases
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete, incomplete
from idp.capabilities.scanning.scanners.ports import Target
from idp.kernel.clock import Clock, utc_now

NAME = "dependencies"
_IMPORT = "Import advisories: `idp-cli security db import FILE`."


class Dependencies:
    """Compares distributions with advisories. Needs neither a sandbox nor the image itself."""

    name = NAME
    covers = "known vulnerabilities of the Python distributions"

    def __init__(
        self, database: AdvisoryDatabase, max_age_days: float, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._max_age_days = max_age_days
        self._clock = clock

    async def run(self, target: Target) -> ScannerReport:
        """Compare."""
        return await asyncio.to_thread(self.match, target.components)

    def match(self, components: Sequence[tuple[str, str]]) -> ScannerReport:
        """Compare distributions, each a name in its normal form and a version.

        Without a database, or with one that is too old, the report is incomplete; what an old
        database knows is reported all the same.
        """
        own_version = version("idp")
        facts = self._database.status()
        if facts is None:
            return incomplete(NAME, f"there are no advisories. {_IMPORT}", version=own_version)
        findings: list[Finding] = []
        unread = []
        for name, text in components:
            try:
                findings += self._findings(name, Version(text))
            except InvalidVersion:
                unread.append(f"{name} {text}")
        age = age_in_days(facts, self._clock())
        reasons = []
        if age > self._max_age_days:
            limit = f"{self._max_age_days:g}"
            reasons.append(f"the advisories are {age:.0f} days old, more than {limit}. {_IMPORT}")
        if unread:
            reasons.append(f"versions that PEP 440 does not know: {', '.join(unread)}")
        if reasons:
            return incomplete(
                NAME,
                " ".join(reasons),
                version=own_version,
                findings=findings,
                database=facts,
            )
        return complete(NAME, own_version, findings, facts)

    def _findings(self, name: str, installed: Version) -> list[Finding]:
        hits = [
            advisory
            for advisory, affected in self._database.lookup(name)
            if affects(affected, installed)
        ]
        return [
            Finding(
                id=advisory.id,
                aliases=aliases,
                package=name,
                version=str(installed),
                severity=advisory.severity,
                summary=advisory.summary,
            )
            for advisory, aliases in merge_aliases(hits)
        ]
