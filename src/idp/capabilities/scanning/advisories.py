"""The advisory database: one SQLite file that all instances of a machine read.

It is a copy of public data, kept for lookup by package. Nothing in it is history: a file of another
layout is not migrated but imported anew.

Rules of importing:
1. One import is one transaction: it is seen whole or not at all; a crash leaves the old content.
2. A record replaces the one with its id only when its author changed it later (`modified`), so
   importing twice, or an older export, changes nothing.
3. A record that cannot be read is counted and named; the others are imported.
4. How old the database is, is how old its newest record is: copying an old export is no update. A
   record from the future counts as from now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy import event

from idp.capabilities.scanning.osv import Advisory, Affected, read_record
from idp.capabilities.scanning.reports import DatabaseFacts
from idp.capabilities.scanning.sources import Record, read_records
from idp.kernel.clock import Clock, parse_timestamp, timestamp, utc_now
from idp.kernel.errors import InvalidInput, MissingPrerequisite, Unavailable

LAYOUT = 1
MAX_NAMED = 100

_metadata = sa.MetaData()
_advisories = sa.Table(
    "advisories",
    _metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("modified", sa.String, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("aliases", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("severity", sa.Float),
    sa.Column("content", sa.String, nullable=False),
)
_affected = sa.Table(
    "affected",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("advisory", sa.ForeignKey("advisories.id", ondelete="CASCADE"), index=True),
    sa.Column("package", sa.String, nullable=False, index=True),
    sa.Column("ranges", sa.Text, nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
)
_facts = sa.Table(
    "facts",
    _metadata,
    sa.Column("layout", sa.Integer, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("updated", sa.String, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
)


@dataclass
class ImportReport:
    """What an import did.

    Attributes:
        added: New records.
        replaced: Records that their authors had changed.
        unchanged: Records that were there already, or are older than what was there.
        skipped: Records about other ecosystems only.
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


class AdvisoryDatabase:
    """Advisories by package. Safe to use from several processes: SQLite keeps readers and the one
    writer apart.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = sa.create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _configure)

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def status(self) -> DatabaseFacts | None:
        """What is in it; None when nothing was ever imported.

        Raises:
            MissingPrerequisite: The file has another layout, or is no database.
        """
        if not self.path.exists():
            return None
        try:
            with self._engine.connect() as connection:
                if not sa.inspect(connection).has_table(_facts.name):
                    return None
                row = connection.execute(sa.select(_facts)).first()
        except sa.exc.DatabaseError as error:
            raise _unusable(self.path, f"cannot be read: {error.orig}") from error
        if row is None:
            return None
        if row.layout != LAYOUT:
            raise _unusable(self.path, "was written by another version")
        return DatabaseFacts(digest=row.digest, updated=row.updated, records=row.records)

    def lookup(self, package: str) -> list[tuple[Advisory, Affected]]:
        """What is known about a package, without what was withdrawn.

        Args:
            package: Name in its normal form.
        """
        query = (
            sa.select(_advisories, _affected.c.ranges, _affected.c.versions)
            .join_from(_affected, _advisories)
            .where(_affected.c.package == package, ~_advisories.c.withdrawn)
            .order_by(_advisories.c.id, _affected.c.number)
        )
        with self._engine.connect() as connection:
            return [_read_row(package, row) for row in connection.execute(query)]

    def begin(self) -> sa.Engine:
        """The engine, with the tables made; for importing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.status()
        _metadata.create_all(self._engine)
        return self._engine


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
            for row in connection.execute(sa.select(_advisories.c.id, _advisories.c.modified))
        }
        for record in read_records(source):
            _import_record(connection, record, known, report)
        _write_facts(connection, clock())
    return report


def _import_record(
    connection: sa.Connection, record: Record, known: dict[str, str], report: ImportReport
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
        _replace(connection, advisory, record.data)
        known[advisory.id] = advisory.modified
        report.added += before is None
        report.replaced += before is not None


def _replace(connection: sa.Connection, advisory: Advisory, data: bytes) -> None:
    connection.execute(sa.delete(_affected).where(_affected.c.advisory == advisory.id))
    connection.execute(sa.delete(_advisories).where(_advisories.c.id == advisory.id))
    connection.execute(
        _advisories.insert().values(
            id=advisory.id,
            modified=advisory.modified,
            withdrawn=advisory.withdrawn,
            aliases=_dump(advisory.aliases),
            summary=advisory.summary,
            severity=advisory.severity,
            content=hashlib.sha256(data.strip()).hexdigest(),
        )
    )
    for affected in advisory.affected:
        connection.execute(
            _affected.insert().values(
                advisory=advisory.id,
                package=affected.package,
                ranges=_dump(affected.ranges),
                versions=_dump(affected.versions),
            )
        )


def _write_facts(connection: sa.Connection, now: datetime) -> None:
    digest, updated, records = hashlib.sha256(), "", 0
    rows = connection.execute(
        sa.select(_advisories.c.id, _advisories.c.modified, _advisories.c.content).order_by(
            _advisories.c.id
        )
    )
    for row in rows:
        digest.update(f"{row.id}\0{row.content}\n".encode())
        updated = max(updated, row.modified)
        records += 1
    connection.execute(sa.delete(_facts))
    if records:
        connection.execute(
            _facts.insert().values(
                layout=LAYOUT,
                digest=f"sha256:{digest.hexdigest()}",
                updated=min(updated, timestamp(now)),
                records=records,
            )
        )


def _unusable(path: Path, why: str) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"{path} {why}", remedy="Remove the file and import the advisories again."
    )


def age_in_days(facts: DatabaseFacts, now: datetime) -> float:
    """How old the newest record is."""
    return (now - parse_timestamp(facts.updated)).total_seconds() / 86400


def _configure(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _dump(value: Iterable[Any]) -> str:
    return orjson.dumps(value).decode()


def _read_row(package: str, row: Any) -> tuple[Advisory, Affected]:
    ranges: list[list[tuple[Literal["introduced"], str]]] = orjson.loads(row.ranges)
    affected = Affected(
        package=package,
        ranges=tuple(tuple((kind, at) for kind, at in events) for events in ranges),
        versions=tuple(orjson.loads(row.versions)),
    )
    advisory = Advisory(
        id=row.id,
        aliases=tuple(orjson.loads(row.aliases)),
        modified=row.modified,
        withdrawn=row.withdrawn,
        summary=row.summary,
        severity=row.severity,
        affected=(affected,),
    )
    return advisory, affected
