"""Findings over time: when each was seen first and last, per application.

Only scans of what was just built are recorded here: they say what the newest image has. A finding
whose `last_image` is not the newest scanned one is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from idp.capabilities.scanning.reports import ScannerReport

_metadata = sa.MetaData()
_findings = sa.Table(
    "scanning_findings",
    _metadata,
    sa.Column("namespace", sa.String, primary_key=True),
    sa.Column("application", sa.String, primary_key=True),
    sa.Column("scanner", sa.String, primary_key=True),
    sa.Column("finding", sa.String, primary_key=True),
    sa.Column("package", sa.String, primary_key=True),
    sa.Column("version", sa.String, primary_key=True),
    sa.Column("location", sa.String, primary_key=True),
    sa.Column("severity", sa.Float),
    sa.Column("summary", sa.Text),
    sa.Column("first_seen", sa.String),
    sa.Column("last_seen", sa.String),
    sa.Column("first_image", sa.String),
    sa.Column("last_image", sa.String),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding of an application over time.

    Attributes:
        scanner: Who found it.
        finding: Id of the rule or advisory.
        package: Distribution; empty for the application's own files.
        version: Of that distribution.
        location: Path in the image; empty for a distribution.
        severity: CVSS base score at the last time; None when there is none.
        summary: One line.
        first_seen: RFC 3339.
        last_seen: RFC 3339.
        first_image: Digest of the image in which it was seen first.
        last_image: Digest of the image in which it was seen last.
    """

    scanner: str
    finding: str
    package: str
    version: str
    location: str
    severity: float | None
    summary: str
    first_seen: str
    last_seen: str
    first_image: str
    last_image: str


class FindingsHistory:
    """Reads and writes the history; recording the same scan again changes nothing."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database

    def record(
        self,
        namespace: str,
        application: str,
        image: str,
        time: str,
        reports: Iterable[ScannerReport],
    ) -> None:
        """Note what a scan found.

        Args:
            namespace: Of the application.
            application: Its name.
            image: Digest of what was scanned.
            time: When, RFC 3339 in UTC.
            reports: What the scanners said.
        """
        rows = {
            (report.name, f.id, f.package, f.version, f.location): (f.severity, f.summary)
            for report in reports
            for f in report.findings
        }
        with self._database.begin() as connection:
            for key, (severity, summary) in rows.items():
                names = ("scanner", "finding", "package", "version", "location")
                identity = {
                    "namespace": namespace,
                    "application": application,
                    **dict(zip(names, key, strict=True)),
                }
                same = sa.and_(*(_findings.c[name] == value for name, value in identity.items()))
                values = {
                    "severity": severity,
                    "summary": summary,
                    "last_seen": time,
                    "last_image": image,
                }
                updated = connection.execute(sa.update(_findings).where(same).values(values))
                if updated.rowcount == 0:
                    connection.execute(
                        _findings.insert().values(
                            {**identity, **values, "first_seen": time, "first_image": image}
                        )
                    )

    def of(self, namespace: str, application: str) -> list[Seen]:
        """All findings of an application, oldest first."""
        columns = [_findings.c[name] for name in Seen.__dataclass_fields__]
        query = (
            sa.select(*columns)
            .where(_findings.c.namespace == namespace, _findings.c.application == application)
            .order_by(_findings.c.first_seen, *columns[:5])
        )
        with self._database.connect() as connection:
            return [Seen(*row) for row in connection.execute(query)]
