"""The advisory database: one SQLite file that all instances of a machine read.

It is a copy of public data, kept for lookup by package. Nothing in it is history: a file of another
layout is not migrated but imported anew.

How old the database is, is how old its newest record is: copying an old export is no update.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import event

from idp.capabilities.scanning.osv import Advisory, Affected
from idp.capabilities.scanning.reports import DatabaseFacts
from idp.kernel.clock import parse_timestamp
from idp.kernel.errors import MissingPrerequisite

LAYOUT = 2

_AT_ONCE = 500

_metadata = sa.MetaData()
advisories_table = sa.Table(
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
affected_table = sa.Table(
    "affected",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("advisory", sa.ForeignKey("advisories.id", ondelete="CASCADE"), index=True),
    sa.Column("ecosystem", sa.String, nullable=False),
    sa.Column("package", sa.String, nullable=False),
    sa.Column("ranges", sa.Text, nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
    sa.Index("affected_package", "package", "ecosystem"),
)
facts_table = sa.Table(
    "facts",
    _metadata,
    sa.Column("layout", sa.Integer, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("updated", sa.String, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
)

_LOOKUP = """
SELECT a.id, a.modified, a.aliases, a.summary, a.severity,
       f.ecosystem, f.package, f.ranges, f.versions
FROM json_each(:names) AS wanted
CROSS JOIN affected AS f ON f.package = wanted.value
JOIN advisories AS a ON a.id = f.advisory
WHERE NOT a.withdrawn
ORDER BY a.id, f.number
"""
"""Written by hand: `CROSS JOIN` makes SQLite go by the names, which are few, not by advisories."""


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
                if not sa.inspect(connection).has_table(facts_table.name):
                    return None
                row = connection.execute(sa.select(facts_table)).first()
        except sa.exc.DatabaseError as error:
            raise _unusable(self.path, f"cannot be read: {error.orig}") from error
        if row is None:
            return None
        if row.layout != LAYOUT:
            raise _unusable(self.path, "was written by another version")
        return DatabaseFacts(digest=row.digest, updated=row.updated, records=row.records)

    def lookup(
        self, packages: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], list[tuple[Advisory, Affected]]]:
        """What is known about packages, without what was withdrawn.

        Args:
            packages: Ecosystem and name in its normal form.

        Returns:
            Only those about which something is known.
        """
        wanted = set(packages)
        names = sorted({name for _, name in wanted})
        found: dict[tuple[str, str], list[tuple[Advisory, Affected]]] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(names), _AT_ONCE):
                asked = {"names": orjson.dumps(names[start : start + _AT_ONCE]).decode()}
                for row in connection.exec_driver_sql(_LOOKUP, asked):
                    if (row.ecosystem, row.package) in wanted:
                        key = (row.ecosystem, row.package)
                        found.setdefault(key, []).append(_read_row(row))
        return found

    def ecosystems(self) -> frozenset[str]:
        """Of which something is known."""
        query = sa.select(affected_table.c.ecosystem).distinct()
        with self._engine.connect() as connection:
            return frozenset(connection.execute(query).scalars())

    def begin(self) -> sa.Engine:
        """The engine, with the tables made; for importing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.status()
        _metadata.create_all(self._engine)
        return self._engine


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


def _read_row(row: Any) -> tuple[Advisory, Affected]:
    ranges: list[list[list[str]]] = orjson.loads(row.ranges)
    affected = Affected(
        ecosystem=row.ecosystem,
        package=row.package,
        ranges=tuple(tuple((kind, at) for kind, at in events) for events in ranges),
        versions=tuple(orjson.loads(row.versions)),
    )
    advisory = Advisory(
        id=row.id,
        aliases=tuple(orjson.loads(row.aliases)),
        modified=row.modified,
        withdrawn=False,
        summary=row.summary,
        severity=row.severity,
        affected=(affected,),
    )
    return advisory, affected
