"""What evidence for controls needs of an instance's history: `compliance.ports.Records`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from idp.capabilities.compliance.facts import (
    ApplicationStanding,
    AuditFacts,
    Backup,
    Endpoint,
    NewestScan,
    PromotionRecord,
)
from idp.capabilities.promotion.ledger import Ledger, LedgerEntry
from idp.capabilities.scanning.history.queries import newest_scans
from idp.capabilities.scanning.history.report import standings
from idp.kernel.audit import AuditLog

_SNAPSHOT = "get /snapshot"
"""Action of the audit record that the API server writes for each copy that it hands out."""
_BACKUPS, _PROMOTIONS = 20, 1000


class InstanceRecords:
    """The history of one instance.

    Args:
        database: The history.
        endpoints: Name -> address, of where the instance and the hub listen.
    """

    def __init__(self, database: sa.Engine, endpoints: dict[str, str]) -> None:
        self._database = database
        self._audit = AuditLog(database)
        self._endpoints = endpoints

    def audit(self) -> AuditFacts:
        """Check the whole audit chain."""
        verdict = self._audit.verify()
        return AuditFacts(verdict.records, verdict.broken_at, verdict.reason, verdict.head)

    def backups(self) -> list[Backup]:
        """Copies of a running instance; those of a stopped one leave no record."""
        found = self._audit.search(text=_SNAPSHOT, limit=_BACKUPS)
        return [Backup(r.sequence, r.time, r.actor, r.hash) for r in found]

    def promotions(self, since: str) -> list[PromotionRecord]:
        """The newest of those that ended since then, newest first."""
        entries = Ledger(self._database).entries(limit=_PROMOTIONS)
        return [_promotion(entry) for entry in entries if entry.finished_at >= since]

    def scans(self) -> list[NewestScan]:
        """The newest scan of each application."""
        return [
            NewestScan(namespace, scan.application, scan.time, tuple(scan.incomplete.split()))
            for namespace, scan in newest_scans(self._database)
        ]

    def standings(self, now: str) -> list[ApplicationStanding]:
        """How the findings of each application stand."""
        return [
            ApplicationStanding(
                s.namespace,
                s.application,
                s.critical + s.high + s.medium + s.low + s.unscored,
                s.overdue,
                s.excepted,
            )
            for s in standings(self._database, now)
        ]

    def endpoints(self) -> list[Endpoint]:
        """Where the instance and the hub listen."""
        return [Endpoint(name, url) for name, url in self._endpoints.items()]


def _promotion(entry: LedgerEntry) -> PromotionRecord:
    verdict: dict[str, Any] = dict(entry.verdict)
    return PromotionRecord(
        namespace=entry.namespace,
        name=entry.promotion,
        application=entry.application,
        action=entry.action,
        phase=entry.phase,
        release=entry.release,
        initiator=entry.initiator,
        reason=entry.reason,
        commit=entry.git_commit,
        decision=str(verdict.get("decision", "")),
        evidence_digest=str(verdict.get("evidenceDigest", "")),
        approvers=tuple(str(name) for name in entry.approvals.get("approvers", [])),
        finished=entry.finished_at,
    )
