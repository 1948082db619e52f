"""Which exception lets a finding be, and why one does not count. Pure.

An exception covers a finding when it names it, by its id or an alias, and every scope that it
states holds. It counts when somebody else than its author approved it and its last moment has not
passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.capabilities.promotion.decide.evidence import Finding
from idp.capabilities.scanning.kinds import VulnerabilityException, VulnerabilityExceptionSpec


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exception, as far as a verdict needs it.

    Attributes:
        name: Of the object.
        uid: Of the object: one that was deleted and made again is another.
        spec: What it says.
    """

    name: str
    uid: str
    spec: VulnerabilityExceptionSpec

    @classmethod
    def of(cls, exception: VulnerabilityException) -> Exemption:
        """From the object."""
        return cls(exception.name, exception.metadata.uid, exception.spec)

    def void(self, now: datetime) -> str:
        """Why it does not count now; empty when it counts."""
        return self.spec.void(now)

    def covers(self, application: str, scanner: str, finding: Finding) -> bool:
        """Whether it is about this finding."""
        names = (finding.id, *finding.aliases)
        return self.spec.covers(application, scanner, names, finding.package, finding.version)


def split(
    exemptions: Sequence[Exemption], now: datetime
) -> tuple[list[Exemption], list[Exemption]]:
    """Those that count now, and those that do not, each by name."""
    ordered = sorted(exemptions, key=lambda e: e.name)
    return [e for e in ordered if not e.void(now)], [e for e in ordered if e.void(now)]
