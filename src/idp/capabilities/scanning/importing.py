"""Importing OSV records into the advisory database.

Rules:
1. One import is one transaction: it is seen whole or not at all; a crash leaves the old content.
2. A record replaces the one with its id only when its author changed it later (`modified`), so
   importing twice, or an older export, changes nothing.
3. A record that cannot be read is counted and named; the others are imported.
4. A record from the future counts as from now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from idp.capabilities.scanning.advisories import (
    LAYOUT,
    AdvisoryDatabase,
    advisories_table,
    affected_table,
    facts_table,
)
from idp.capabilities.scanning.osv import Advisory, read_record
from idp.capabilities.scanning.sources import Record, read_records
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.errors import InvalidInput, Unavailable

MAX_NAMED = 100
_BATCH = 1000

_ID = advisories_table.c.id


@dataclass
class ImportReport:
    """What an import did.

    Attributes:
        added: New records.
        replaced: Records that their authors had changed.
        unchanged: Records that were there already, or are older than what was there.
        skipped: Records about unknown ecosystems only.
        malformed: Records that could not be read.
        named: The first `MAX_NAMED` of those: name and reason.
    """

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    skipped: int = 0
    malformed: int = 0
    named: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, name: str, reason: str) -> None:
        """Count a record that could not be read."""
        self.malformed += 1
        if len(self.named) < MAX_NAMED:
            self.named.append((name, reason))


def import_advisories(
    database: AdvisoryDatabase, source: Path, clock: Clock = utc_now
) -> ImportReport:
    """Import OSV records.

    Args:
        database: Where to.
        source: A `.json`, `.jsonl` or `.zip` file, or a folder of such files.
        clock: Tells the present.

    Raises:
        NotFound, InvalidInput, TooLarge: The source cannot be used as a whole; nothing is changed.
        MissingPrerequisite: The database has another layout.
        Unavailable: The file cannot be written: another import runs, or the disk is full.
    """
    try:
        return _import_all(database, source, clock)
    except sa.exc.OperationalError as error:
        raise Unavailable(
            f"{database.path} cannot be written: {error.orig}",
            remedy="Wait for another import to end, or make room; then import again.",
        ) from error


def _import_all(database: AdvisoryDatabase, source: Path, clock: Clock) -> ImportReport:
    report = ImportReport()
    with database.begin().begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # before reading what is known
        known = {
            row.id: row.modified
            for row in connection.execute(
                sa.select(advisories_table.c.id, advisories_table.c.modified)
            )
        }
        batch = _Batch(connection)
        for record in read_records(source):
            _import_record(batch, record, known, report)
        batch.write()
        _write_facts(connection, clock())
    return report


def _import_record(
    batch: _Batch, record: Record, known: dict[str, str], report: ImportReport
) -> None:
    if record.problem:
        report.refuse(record.name, record.problem)
        return
    try:
        advisory = read_record(orjson.loads(record.data))
    except (orjson.JSONDecodeError, InvalidInput) as error:
        report.refuse(record.name, str(error))
        return
    before = known.get(advisory.id)
    if before is not None and before >= advisory.modified:
        report.unchanged += 1
    elif before is None and not advisory.affected:
        report.skipped += 1
    else:
        batch.add(advisory, record.data, replaces=before is not None)
        known[advisory.id] = advisory.modified
        report.added += before is None
        report.replaced += before is not None


class _Batch:
    """Writes many records at once; one statement for each would take ten times as long."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._advisories: list[dict[str, Any]] = []
        self._affected: list[dict[str, Any]] = []

    def add(self, advisory: Advisory, data: bytes, *, replaces: bool) -> None:
        """Take a record in."""
        if replaces:
            self.write()
            for table, column in (
                (affected_table, affected_table.c.advisory),
                (advisories_table, _ID),
            ):
                self._connection.execute(sa.delete(table).where(column == advisory.id))
        self._advisories.append(
            {
                "id": advisory.id,
                "modified": advisory.modified,
                "withdrawn": advisory.withdrawn,
                "aliases": _dump(advisory.aliases),
                "summary": advisory.summary,
                "severity": advisory.severity,
                "content": hashlib.sha256(data.strip()).hexdigest(),
            }
        )
        self._affected += [
            {
                "advisory": advisory.id,
                "ecosystem": affected.ecosystem,
                "package": affected.package,
                "ranges": _dump(affected.ranges),
                "versions": _dump(affected.versions),
            }
            for affected in advisory.affected
        ]
        if len(self._advisories) >= _BATCH:
            self.write()

    def write(self) -> None:
        """Write what was taken in."""
        for table, rows in ((advisories_table, self._advisories), (affected_table, self._affected)):
            if rows:
                self._connection.execute(table.insert(), rows)
            rows.clear()


def _write_facts(connection: sa.Connection, now: datetime) -> None:
    digest, updated, records = hashlib.sha256(), "", 0
    columns = (_ID, advisories_table.c.modified, advisories_table.c.content)
    rows = connection.execute(sa.select(*columns).order_by(_ID))
    for row in rows:
        digest.update(f"{row.id}\0{row.content}\n".encode())
        updated = max(updated, row.modified)
        records += 1
    connection.execute(sa.delete(facts_table))
    if records:
        connection.execute(
            facts_table.insert().values(
                layout=LAYOUT,
                digest=f"sha256:{digest.hexdigest()}",
                updated=min(updated, timestamp(now)),
                records=records,
            )
        )


def _dump(value: Iterable[Any]) -> str:
    return orjson.dumps(value).decode()
