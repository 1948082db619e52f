"""A history for evidence, without a database."""

from __future__ import annotations

from idp.capabilities.compliance.facts import (
    ApplicationStanding,
    AuditFacts,
    Backup,
    Endpoint,
    NewestScan,
    PromotionRecord,
)


class FixedRecords:
    """A history that grows with every question, as an audit does."""

    def __init__(self) -> None:
        self.asked = 0
        self.late = 0

    def audit(self) -> AuditFacts:
        self.asked += 1
        return AuditFacts(self.asked, head="f" * 64)

    def backups(self) -> list[Backup]:
        return []

    def promotions(self, since: str) -> list[PromotionRecord]:
        return []

    def scans(self) -> list[NewestScan]:
        return []

    def standings(self, now: str) -> list[ApplicationStanding]:
        return [ApplicationStanding("demo", "hello", 1, self.late, 0)]

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("API", "https://127.0.0.1:1")]
