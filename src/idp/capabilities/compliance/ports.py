"""Records that no object of the API holds; the composition root brings them."""

from __future__ import annotations

from typing import Protocol

from idp.capabilities.compliance.facts import (
    ApplicationStanding,
    AuditFacts,
    Backup,
    Endpoint,
    NewestScan,
    PromotionRecord,
)


class Records(Protocol):
    """The history of an instance. Methods block: call them in a thread."""

    def audit(self) -> AuditFacts:
        """Check the whole audit chain."""
        ...

    def backups(self) -> list[Backup]:
        """The newest backups that the audit knows, newest first."""
        ...

    def promotions(self, since: str) -> list[PromotionRecord]:
        """Promotions that ended since then (RFC 3339), newest first."""
        ...

    def scans(self) -> list[NewestScan]:
        """The newest scan of each application."""
        ...

    def standings(self, now: str) -> list[ApplicationStanding]:
        """How the findings of each application stand."""
        ...

    def endpoints(self) -> list[Endpoint]:
        """Where the instance and the hub listen."""
        ...
