"""The history of an instance, as evidence for controls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from idp.apps.instance.records import InstanceRecords
from idp.capabilities.compliance.facts import ApplicationStanding, Endpoint, NewestScan
from idp.capabilities.promotion.capability import CAPABILITY as PROMOTION
from idp.capabilities.promotion.ledger import Ledger, LedgerEntry
from idp.capabilities.scanning.capability import CAPABILITY as SCANNING
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.kinds import DueDays
from idp.capabilities.scanning.reports import Finding, complete, incomplete
from idp.kernel.audit import AuditLog
from idp.kernel.database import open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlalchemy.Engine]:
    migrations = [*SCANNING.migrations, *PROMOTION.migrations]
    engine = open_database(f"sqlite:///{tmp_path}/history.db", migrations)
    yield engine
    engine.dispose()


@pytest.fixture
def records(database: sqlalchemy.Engine) -> InstanceRecords:
    return InstanceRecords(database, {"hub": "http://127.0.0.1:1"})


def test_the_chain_is_checked_and_backups_are_found(
    database: sqlalchemy.Engine, records: InstanceRecords
) -> None:
    log = AuditLog(database)
    log.append("ada", "create promotions.platform.idp", "demo/hello")
    taken = log.append("ops", "get /snapshot", "")
    assert (records.audit().records, records.audit().head) == (2, taken.hash)
    (backup,) = records.backups()
    assert (backup.sequence, backup.actor, backup.hash) == (2, "ops", taken.hash)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'eve' WHERE sequence = 1")
    assert records.audit().broken_at == 1


def test_promotions_tell_who_decided(database: sqlalchemy.Engine, records: InstanceRecords) -> None:
    values: dict[str, Any] = dict.fromkeys(LedgerEntry.__dataclass_fields__, "x")
    values |= {"verdict": {"decision": "Allow", "evidenceDigest": "sha256:1"}}
    values |= {"approvals": {"approvers": ["grace"]}}
    ledger = Ledger(database)
    for uid, ended in (("old", "2026-01-01T00:00:00Z"), ("new", "2026-11-01T00:00:00Z")):
        ledger.record(LedgerEntry(**{**values, "uid": uid, "finished_at": ended}))
    (found,) = records.promotions("2026-06-01T00:00:00Z")
    assert (found.decision, found.evidence_digest) == ("Allow", "sha256:1")
    assert (found.approvers, found.finished) == (("grace",), "2026-11-01T00:00:00Z")


def test_the_newest_scan_and_what_is_late(
    database: sqlalchemy.Engine, records: InstanceRecords
) -> None:
    found = complete("x", "1", [Finding(id="R1", severity=9.8)])
    for number, report in enumerate((found, incomplete("y", "no data")), 1):
        time = f"2026-01-0{number}T00:00:00Z"
        scan = Scan(f"s{number}", "demo", "hello", "sha256:1", time, "ada", DueDays())
        ingest(database, scan, [report])
    assert records.scans() == [NewestScan("demo", "hello", "2026-01-02T00:00:00Z", ("y",))]
    expected = [ApplicationStanding("demo", "hello", 1, 1, 0)]
    assert records.standings("2026-11-25T00:00:00Z") == expected


def test_where_it_listens(records: InstanceRecords) -> None:
    assert records.endpoints() == [Endpoint("hub", "http://127.0.0.1:1")]
