"""Known vulnerabilities of the distributions in an image, by our own advisory database."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from packaging.version import InvalidVersion, Version

from idp.capabilities.scanning.advisories import AdvisoryDatabase, age_in_days
from idp.capabilities.scanning.osv import Advisory, affects, merge_aliases
from idp.capabilities.scanning.reports import (
    DatabaseFacts,
    Finding,
    ScannerReport,
    complete,
    incomplete,
)
from idp.capabilities.scanning.sbom import Bill
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
        return await asyncio.to_thread(self.match, target.bill)

    def match(self, bill: Bill) -> ScannerReport:
        """Compare the distributions of a bill of materials.

        Without a database, or with one that is too old, the report is incomplete; what an old
        database knows is reported all the same.
        """
        own_version = version("idp")
        facts = self._database.status()
        if facts is None:
            return incomplete(NAME, f"there are no advisories. {_IMPORT}", version=own_version)
        findings, unread = self._compare(bill)
        gaps = [*self._too_old(facts), *_unknown(bill, unread)]
        if gaps:
            return incomplete(
                NAME, " ".join(gaps), version=own_version, findings=findings, database=facts
            )
        return complete(NAME, own_version, findings, facts)

    def _compare(self, bill: Bill) -> tuple[list[Finding], list[str]]:
        """Findings, and the distributions whose version cannot be compared."""
        findings: list[Finding] = []
        unread = []
        for name, text in sorted(bill.distributions):
            try:
                installed = Version(text)
            except InvalidVersion:
                unread.append(f"{name} {text}")
                continue
            known = self._database.lookup(name)
            hits = [advisory for advisory, affected in known if affects(affected, installed)]
            findings += [_finding(name, text, *merged) for merged in merge_aliases(hits)]
        return findings, unread

    def _too_old(self, facts: DatabaseFacts) -> list[str]:
        age = age_in_days(facts, self._clock())
        if age <= self._max_age_days:
            return []
        limit = f"{self._max_age_days:g}"
        return [f"The advisories are {age:.0f} days old, more than {limit}. {_IMPORT}"]


def _unknown(bill: Bill, unread: list[str]) -> list[str]:
    gaps = []
    if bill.brings_system:
        gaps.append("The image brings an operating system, whose packages are not compared.")
    if unread:
        gaps.append(f"Versions that PEP 440 does not know: {', '.join(unread)}.")
    return gaps


def _finding(package: str, version: str, advisory: Advisory, aliases: list[str]) -> Finding:
    return Finding(
        id=advisory.id,
        aliases=aliases,
        package=package,
        version=version,
        severity=advisory.severity,
        summary=advisory.summary,
    )
