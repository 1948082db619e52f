"""Known vulnerabilities of the packages in an image, by our own advisory database."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

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
from idp.capabilities.scanning.versions import is_known, version_key
from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import InvalidInput

NAME = "dependencies"
_TOLD = 10
_IMPORT = "Import advisories: `idp-cli security db import FILE`."


class Dependencies:
    """Compares packages with advisories. Needs neither a sandbox nor the image itself."""

    name = NAME
    covers = "known vulnerabilities of the packages"

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
        """Compare the packages of a bill of materials.

        Without a database, or with one that is too old, the report is incomplete; what an old
        database knows is reported all the same.
        """
        own_version = version("idp")
        facts = self._database.status()
        if facts is None:
            return incomplete(NAME, f"there are no advisories. {_IMPORT}", version=own_version)
        findings, unread = self._compare(bill)
        gaps = [*self._too_old(facts), *self._unknown(bill), *_gaps(bill, unread)]
        if gaps:
            return incomplete(
                NAME, " ".join(gaps), version=own_version, findings=findings, database=facts
            )
        return complete(NAME, own_version, findings, facts)

    def _compare(self, bill: Bill) -> tuple[list[Finding], list[str]]:
        """Findings, and the packages whose version cannot be compared."""
        versions: dict[tuple[str, str], list[str]] = {}
        unread = []
        for ecosystem, name, installed in sorted(bill.packages):
            if not is_known(ecosystem):
                continue
            try:
                version_key(ecosystem, installed)
                versions.setdefault((ecosystem, name), []).append(installed)
            except InvalidInput:
                unread.append(f"{name} {installed}")
        hits: dict[tuple[str, str, str], list[Advisory]] = {}
        for package, advisory, affected in self._database.lookup(versions):
            for installed in versions[package]:
                if affects(affected, installed):
                    hits.setdefault((*package, installed), []).append(advisory)
        return [
            _finding(name, installed, *merged)
            for (_, name, installed), advisories in sorted(hits.items(), key=lambda hit: hit[0])
            for merged in merge_aliases(advisories)
        ], unread

    def _unknown(self, bill: Bill) -> list[str]:
        """Ecosystems of which not one advisory was imported, or whose versions nobody can order."""
        asked = {ecosystem for ecosystem, _, _ in bill.packages if is_known(ecosystem)}
        missing = sorted(asked - self._database.ecosystems())
        return [f"There are no advisories for {', '.join(missing)}. {_IMPORT}"] if missing else []

    def _too_old(self, facts: DatabaseFacts) -> list[str]:
        age = age_in_days(facts, self._clock())
        if age <= self._max_age_days:
            return []
        limit = f"{self._max_age_days:g}"
        return [f"The advisories are {age:.0f} days old, more than {limit}. {_IMPORT}"]


def _gaps(bill: Bill, unread: list[str]) -> list[str]:
    gaps = []
    if bill.brings_system:
        gaps.append("The image brings an operating system, whose packages are not compared.")
    foreign = sorted({e for e, _, _ in bill.packages if not is_known(e)})
    if foreign:
        gaps.append(f"Packages of {', '.join(foreign)} are not compared.")
    if unread:
        more = f" and {len(unread) - _TOLD} more" if len(unread) > _TOLD else ""
        told = ", ".join(unread[:_TOLD])
        gaps.append(f"Versions that their ecosystem does not know: {told}{more}.")
    return gaps + [f"{gap}." for gap in sorted(bill.gaps)]


def _finding(package: str, version: str, advisory: Advisory, aliases: list[str]) -> Finding:
    return Finding(
        id=advisory.id,
        aliases=aliases,
        package=package,
        version=version,
        severity=advisory.severity,
        summary=advisory.summary,
    )
