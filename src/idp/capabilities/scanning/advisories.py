"""The advisory database: one SQLite file that all instances of a machine read.

It is a copy of public data, kept for lookup by package. Nothing in it is history: a file of another
layout is not migrated but imported anew.

How old the database is, is how old its newest record is: copying an old export is no update.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
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
_MAJOR = re.compile(r"v[0-9]+")

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

_COLUMNS = """
SELECT wanted.value AS asked, a.id, a.aliases, a.summary, a.severity, a.modified,
       f.ecosystem, f.package, f.ranges, f.versions
FROM json_each(:names) AS wanted
"""
_ASKED, _ECOSYSTEM, _PACKAGE = 0, 6, 7
# Written by hand: `CROSS JOIN` makes SQLite go by the names, which are few, not by advisories.
_BY_NAME = f"""{_COLUMNS}
CROSS JOIN affected AS f ON f.package = wanted.value
JOIN advisories AS a ON a.id = f.advisory
WHERE NOT a.withdrawn
"""
# Some name a package of a Go module where others name the module: `0` is the letter behind `/`.
_INSIDE = f"""{_COLUMNS}
CROSS JOIN affected AS f ON f.package > wanted.value || '/' AND f.package < wanted.value || '0'
JOIN advisories AS a ON a.id = f.advisory
WHERE NOT a.withdrawn AND f.ecosystem = 'Go'
"""


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
    ) -> Iterator[tuple[tuple[str, str], Advisory, Affected]]:
        """What is known about packages, without what was withdrawn, one after the other.

        Args:
            packages: Ecosystem and name in its normal form.

        Yields:
            The package, an advisory, and which versions of it are affected.
        """
        wanted = set(packages)
        modules = {name for ecosystem, name in wanted if ecosystem == "Go"}
        with self._engine.connect() as connection:
            for row in _select(connection, _BY_NAME, {name for _, name in wanted}):
                key = (row[_ECOSYSTEM], row[_PACKAGE])
                if key in wanted:
                    yield key, *_read_row(row)
            for row in _select(connection, _INSIDE, modules):
                if _module_of(row[_PACKAGE], modules) == row[_ASKED]:
                    yield ("Go", row[_ASKED]), *_read_row(row)

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


def _select(connection: sa.Connection, statement: str, names: set[str]) -> Iterator[Sequence[Any]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        asked = {"names": orjson.dumps(ordered[start : start + _AT_ONCE]).decode()}
        # Plain tuples: making rows of SQLAlchemy of them takes as long as the search.
        cursor = connection.connection.cursor()
        yield from cursor.execute(statement, asked)
        cursor.close()


def _module_of(package: str, modules: set[str]) -> str:
    """The innermost of the modules that a package can be of; empty when a version lies between."""
    parts = package.split("/")
    for end in range(len(parts) - 1, 0, -1):
        if _MAJOR.fullmatch(parts[end]):  # a module of its own
            return ""
        if "/".join(parts[:end]) in modules:
            return "/".join(parts[:end])
    return ""


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


def _read_row(row: Sequence[Any]) -> tuple[Advisory, Affected]:
    """By place, for it is done thousands of times."""
    _, name, aliases, summary, severity, modified, ecosystem, package, ranges, versions = row
    affected = Affected(
        ecosystem,
        package,
        tuple(tuple(map(tuple, events)) for events in orjson.loads(ranges)),
        tuple(orjson.loads(versions)) if versions != "[]" else (),
    )
    known_as = tuple(orjson.loads(aliases)) if aliases != "[]" else ()
    advisory = Advisory(name, known_as, modified, False, summary, severity, (affected,))
    return advisory, affected
