"""Reads the history. Functions block: call them in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import orjson
import sqlalchemy as sa

from idp.capabilities.scanning.history.tables import findings, names, scans
from idp.capabilities.scanning.kinds import Band

State = Literal["open", "fixed", "accepted", "false-positive"]
STATES: tuple[State, ...] = get_args(State)
LONGEST_LIST = 1000

Order = Literal["worst", "due", "newest", "application"]


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding of an application over time.

    Attributes:
        fingerprint: Its identity, 64 hexadecimal digits.
        namespace: Of the application.
        application: Its name.
        state: `accepted` and `false-positive` only until `excepted_until`.
        scanner: Who found it.
        finding: Id of the rule or advisory.
        aliases: Its other names.
        package: Distribution; empty for the application's own files.
        version: Of that distribution.
        location: Path in the image; empty for a distribution.
        severity: CVSS base score at the last time; None when there is none.
        band: Of that score.
        summary: One line.
        owner: Who pushed the image in which it was seen first.
        due: By when it must be gone, RFC 3339.
        first_seen: RFC 3339.
        last_seen: RFC 3339.
        first_image: Digest of the image in which it was seen first.
        last_image: Digest of the image in which it was seen last.
        fixed_at: When a complete scan did not find it any more; empty while it is there.
        excepted_until: Empty without an exception.
        exception: Name of the VulnerabilityException.
        justification: Why the application is not affected, in the words of OpenVEX.
    """

    fingerprint: str
    namespace: str
    application: str
    state: State
    scanner: str
    finding: str
    aliases: list[str]
    package: str
    version: str
    location: str
    severity: float | None
    band: Band
    summary: str
    owner: str
    due: str
    first_seen: str
    last_seen: str
    first_image: str
    last_image: str
    fixed_at: str
    excepted_until: str
    exception: str
    justification: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which findings; None matches everything.

    Attributes:
        namespace: Of the application.
        application: Its name.
        state: As it is at the time of asking.
        band: Of the severity.
        scanner: Who found it.
        name: Id or alias.
        overdue: Only what is open and past its due date.
    """

    namespace: str | None = None
    application: str | None = None
    state: State | None = None
    band: Band | None = None
    scanner: str | None = None
    name: str | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """What one scan left behind.

    Attributes:
        time: RFC 3339.
        application: Its name.
        image: Digest.
        added: How many findings came.
        fixed: How many went.
        critical: How many are there, and so on.
        high: 7.0 to 8.9.
        medium: 4.0 to 6.9.
        low: Below.
        unscored: Without a score.
        incomplete: Scanners that did not look at everything, separated by spaces.
    """

    time: str
    application: str
    image: str
    added: int
    fixed: int
    critical: int
    high: int
    medium: int
    low: int
    unscored: int
    incomplete: str


def list_findings(
    database: sa.Engine,
    wanted: Filter,
    now: str,
    limit: int = 100,
    offset: int = 0,
    order: Order = "worst",
) -> list[StoredFinding]:
    """Findings; by default the worst first, those without a score before all others.

    Args:
        database: The history.
        wanted: Which.
        now: RFC 3339 in UTC: by it exceptions end and due dates pass.
        limit: At most so many, up to `LONGEST_LIST`.
        offset: How many are passed over.
        order: `due`: the soonest first; `newest`: what was seen first last.
    """
    query = (
        sa.select(findings)
        .where(*_conditions(wanted, now))
        .order_by(*_ORDERS[order], findings.c.rank.desc(), findings.c.id)
        .limit(max(1, min(limit, LONGEST_LIST)))
        .offset(max(0, offset))
    )
    with database.connect() as connection:
        return [_stored(row, now) for row in connection.execute(query).mappings()]


def present_findings(
    database: sa.Engine, namespace: str, now: str
) -> dict[str, list[StoredFinding]]:
    """Everything that is there in a namespace, excepted or not, by application, worst first."""
    c = findings.c
    query = (
        sa.select(findings)
        .where(c.namespace == namespace, c.fixed_at == "")
        .order_by(c.application, c.rank.desc(), c.id)
    )
    scanned = sa.select(scans.c.application).where(scans.c.namespace == namespace).distinct()
    with database.connect() as connection:
        found: dict[str, list[StoredFinding]] = {
            name: [] for (name,) in connection.execute(scanned.order_by(scans.c.application))
        }
        for row in connection.execute(query).mappings():
            found.setdefault(row["application"], []).append(_stored(row, now))
    return found


def count_findings(database: sa.Engine, wanted: Filter, now: str) -> int:
    """How many findings match."""
    query = sa.select(sa.func.count()).select_from(findings).where(*_conditions(wanted, now))
    with database.connect() as connection:
        return int(connection.execute(query).scalar_one())


def trend(database: sa.Engine, namespace: str, application: str, limit: int = 30) -> list[Trend]:
    """What the newest scans of an application left behind, oldest first."""
    columns = [scans.c[field.name] for field in fields(Trend)]
    query = (
        sa.select(*columns)
        .where(scans.c.namespace == namespace, scans.c.application == application)
        .order_by(scans.c.time.desc(), scans.c.uid)
        .limit(limit)
    )
    with database.connect() as connection:
        return [Trend(*row) for row in reversed(connection.execute(query).all())]


def newest_scans(database: sa.Engine) -> list[tuple[str, Trend]]:
    """The newest scan of each application, with its namespace."""
    c = scans.c
    newest = sa.select(c.namespace, c.application, sa.func.max(c.time).label("time")).group_by(
        c.namespace, c.application
    )
    latest = newest.subquery()
    query = (
        sa.select(c.namespace, *(c[field.name] for field in fields(Trend)))
        .join(
            latest,
            sa.and_(
                c.namespace == latest.c.namespace,
                c.application == latest.c.application,
                c.time == latest.c.time,
            ),
        )
        .order_by(c.namespace, c.application, c.uid)
    )
    with database.connect() as connection:
        found = {(row[0], row[2]): (row[0], Trend(*row[1:])) for row in connection.execute(query)}
    return list(found.values())


_ORDERS: dict[Order, tuple[sa.ColumnElement[Any], ...]] = {
    "worst": (),
    "due": (findings.c.due,),
    "newest": (findings.c.first_seen.desc(),),
    "application": (findings.c.namespace, findings.c.application),
}


def _conditions(wanted: Filter, now: str) -> list[sa.ColumnElement[bool]]:
    c = findings.c
    pairs = (
        (c.namespace, wanted.namespace),
        (c.application, wanted.application),
        (c.band, wanted.band),
        (c.scanner, wanted.scanner),
    )
    conditions: list[sa.ColumnElement[bool]] = [
        column == value for column, value in pairs if value is not None
    ]
    state: State | None = "open" if wanted.overdue else wanted.state
    if state is not None:
        conditions += _in_state(state, now)
    if wanted.overdue:
        conditions.append(c.due < now)
    if wanted.name is not None:
        key = ("namespace", "application", "fingerprint")
        named = sa.select(*(names.c[k] for k in key)).where(names.c.name == wanted.name)
        conditions.append(sa.tuple_(*(c[k] for k in key)).in_(named))
    return conditions


def _in_state(state: State, now: str) -> list[sa.ColumnElement[bool]]:
    c = findings.c
    if state == "fixed":
        return [c.fixed_at != ""]
    if state == "open":
        return [c.fixed_at == "", c.excepted_until <= now]
    return [c.fixed_at == "", c.disposition == state, c.excepted_until > now]


def _stored(row: sa.RowMapping, now: str) -> StoredFinding:
    values: Mapping[str, Any] = {
        **row,
        "state": _state(row, now),
        "aliases": orjson.loads(row["aliases"]),
    }
    return StoredFinding(**{field.name: values[field.name] for field in fields(StoredFinding)})


def _state(row: sa.RowMapping, now: str) -> str:
    if row["fixed_at"]:
        return "fixed"
    if row["disposition"] and row["excepted_until"] > now:
        return str(row["disposition"])
    return "open"
