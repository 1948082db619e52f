"""Takes a scan into the history, exactly once. Methods block: call them in a thread.

Rules:
1. A scan is known by its step's uid: the same one again changes nothing.
2. A finding that is known keeps when it was seen first, its owner, and its due date while its band
   stays the same.
3. What a scanner does not find any more is fixed, if it looked at everything. An incomplete one
   fixes nothing: it may just not have seen it.
4. What comes back is open again, with a new due date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from idp.capabilities.scanning.fingerprints import fingerprints
from idp.capabilities.scanning.history.tables import findings, names, scans
from idp.capabilities.scanning.kinds import DueDays, band
from idp.capabilities.scanning.reports import Finding, ScannerReport
from idp.kernel.clock import parse_timestamp, timestamp

UNSCORED_RANK = 11.0
"""Nobody knows how bad it is, so it stands before what is known to be bad."""

_BANDS = ("critical", "high", "medium", "low", "unscored")


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan that is to be remembered.

    Attributes:
        uid: Of the step that made it.
        namespace: Of the application.
        application: Its name.
        image: Digest of what was scanned.
        time: When, RFC 3339 in UTC.
        owner: Who pushed it: the owner of what is new in it.
        due: By the SecurityProfile in force.
    """

    uid: str
    namespace: str
    application: str
    image: str
    time: str
    owner: str
    due: DueDays


def ingest(database: sa.Engine, scan: Scan, reports: Sequence[ScannerReport]) -> bool:
    """Take a scan in; durable when this returns.

    Returns:
        Whether it was new.
    """
    rows = list(_rows(scan, reports))
    whole = [report.name for report in reports if report.status != "incomplete"]
    partial = sorted(report.name for report in reports if report.status == "incomplete")
    with database.begin() as connection:
        known = sa.select(scans.c.uid).where(scans.c.uid == scan.uid)
        if connection.execute(known).first() is not None:
            return False
        before = _count(connection, scan)
        if rows:
            connection.execute(_upsert(_insert(database, findings)), rows)
            named = _insert(database, names).on_conflict_do_nothing()
            connection.execute(named, list(_names(rows)))
        after = _count(connection, scan)
        fixed = connection.execute(_fix(scan, whole)).rowcount
        connection.execute(
            scans.insert().values(
                uid=scan.uid,
                namespace=scan.namespace,
                application=scan.application,
                image=scan.image,
                time=scan.time,
                added=after - before,
                fixed=fixed,
                incomplete=" ".join(partial),
                **_by_band(connection, scan),
            )
        )
    return True


def _rows(scan: Scan, reports: Iterable[ScannerReport]) -> Iterator[dict[str, Any]]:
    for report in reports:
        for fingerprint, finding in fingerprints(report):
            yield _row(scan, report.name, fingerprint, finding)


def _row(scan: Scan, scanner: str, fingerprint: str, finding: Finding) -> dict[str, Any]:
    its_band = band(finding.severity)
    days: int = getattr(scan.due, its_band)
    return {
        "namespace": scan.namespace,
        "application": scan.application,
        "fingerprint": fingerprint,
        "scanner": scanner,
        "finding": finding.id,
        "aliases": orjson.dumps(finding.aliases).decode(),
        "package": finding.package,
        "version": finding.version,
        "location": finding.location,
        "severity": finding.severity,
        "rank": UNSCORED_RANK if finding.severity is None else finding.severity,
        "band": its_band,
        "summary": finding.summary,
        "owner": scan.owner,
        "due": timestamp(parse_timestamp(scan.time) + timedelta(days=days)),
        "first_seen": scan.time,
        "last_seen": scan.time,
        "first_image": scan.image,
        "last_image": scan.image,
        "last_scan": scan.uid,
        "fixed_at": "",
        "disposition": "",
        "excepted_until": "",
        "exception": "",
        "justification": "",
    }


def _names(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for row in rows:
        for name in {row["finding"], *orjson.loads(row["aliases"])}:
            yield {"name": name, **{key: row[key] for key in names.c.keys()[1:]}}


def _insert(database: sa.Engine, table: sa.Table) -> Any:
    """An `INSERT` that knows `ON CONFLICT`, which SQL itself does not."""
    dialect = postgresql if database.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def _upsert(statement: Any) -> Any:
    new = statement.excluded
    same = sa.and_(findings.c.band == new.band, findings.c.fixed_at == "")
    renewed = (
        "finding",
        "aliases",
        "version",
        "location",
        "severity",
        "rank",
        "band",
        "summary",
        "last_seen",
        "last_image",
        "last_scan",
        "fixed_at",
    )
    return statement.on_conflict_do_update(
        index_elements=["namespace", "application", "fingerprint"],
        set_={
            **{name: new[name] for name in renewed},
            "due": sa.case((same, findings.c.due), else_=new.due),
        },
    )


def _of(scan: Scan) -> tuple[sa.ColumnElement[bool], ...]:
    return findings.c.namespace == scan.namespace, findings.c.application == scan.application


def _count(connection: sa.Connection, scan: Scan) -> int:
    query = sa.select(sa.func.count()).where(*_of(scan), findings.c.fixed_at == "")
    return int(connection.execute(query).scalar_one())


def _fix(scan: Scan, scanners: Sequence[str]) -> sa.Update:
    return (
        sa.update(findings)
        .where(
            *_of(scan),
            findings.c.fixed_at == "",
            findings.c.scanner.in_(scanners),
            findings.c.last_scan != scan.uid,
        )
        .values(fixed_at=scan.time)
    )


def _by_band(connection: sa.Connection, scan: Scan) -> dict[str, int]:
    query = (
        sa.select(findings.c.band, sa.func.count())
        .where(*_of(scan), findings.c.fixed_at == "")
        .group_by(findings.c.band)
    )
    found = {name: int(count) for name, count in connection.execute(query)}
    return {name: found.get(name, 0) for name in _BANDS}
