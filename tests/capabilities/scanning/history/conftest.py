from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.history.queries import Filter, StoredFinding, list_findings
from idp.capabilities.scanning.kinds import DueDays
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete
from idp.kernel.database import open_database


class History:
    """The history of one instance, scanned day by day."""

    def __init__(self, database: sqlalchemy.Engine) -> None:
        self.database = database

    def scan(self, day: int, *findings: Finding, **changes: Any) -> bool:
        """One scan by scanner `x` that looked at everything."""
        return self.reports(day, [complete("x", "1", list(findings))], **changes)

    def reports(self, day: int, reports: Sequence[ScannerReport], **changes: Any) -> bool:
        facts: dict[str, Any] = {
            "uid": f"scan-{day}",
            "namespace": "demo",
            "application": "hello",
            "image": f"sha256:{day}",
            "time": f"2026-01-{day:02}T00:00:00Z",
            "owner": "maya",
            "due": DueDays(),
            **changes,
        }
        return ingest(self.database, Scan(**facts), reports)

    def find(
        self, *, now: str = "2026-01-31T00:00:00Z", limit: int = 100, **wanted: Any
    ) -> list[StoredFinding]:
        return list_findings(self.database, Filter(**wanted), now, limit)

    def states(self, **more: Any) -> dict[str, str]:
        return {finding.finding: finding.state for finding in self.find(**more)}


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    engine = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    yield History(engine)
    engine.dispose()
