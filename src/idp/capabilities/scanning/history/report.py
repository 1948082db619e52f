"""How an application, or a namespace, stands: counts, what is overdue, how long repairs take.

Functions block: call them in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from idp.capabilities.scanning.history.tables import findings
from idp.kernel.clock import parse_timestamp


@dataclass(frozen=True, slots=True)
class Standing:
    """How one application stands.

    Attributes:
        namespace: Of the application.
        application: Its name.
        critical: How many findings are open, by band.
        high: 7.0 to 8.9.
        medium: 4.0 to 6.9.
        low: Below.
        unscored: Without a score.
        excepted: How many are let be by an exception.
        overdue: How many open ones are past their due date.
        fixed: How many were fixed, ever.
        days_to_fix: Mean days from first seen to fixed; None when nothing was fixed yet.
        next_due: The next due date of an open one, RFC 3339; empty when nothing is open.
    """

    namespace: str
    application: str
    critical: int
    high: int
    medium: int
    low: int
    unscored: int
    excepted: int
    overdue: int
    fixed: int
    days_to_fix: float | None
    next_due: str


def standings(
    database: sa.Engine, now: str, namespace: str | None = None, application: str | None = None
) -> list[Standing]:
    """How applications stand, those with the most critical and high findings first."""
    c = findings.c
    opened = sa.and_(c.fixed_at == "", c.excepted_until <= now)
    query = sa.select(
        c.namespace,
        c.application,
        *(
            _count(sa.and_(opened, c.band == band)).label(band)
            for band in ("critical", "high", "medium", "low", "unscored")
        ),
        _count(sa.and_(c.fixed_at == "", c.excepted_until > now)).label("excepted"),
        _count(sa.and_(opened, c.due < now)).label("overdue"),
        _count(c.fixed_at != "").label("fixed"),
        sa.func.min(sa.case((opened, c.due))).label("next_due"),
    ).group_by(c.namespace, c.application)
    if namespace is not None:
        query = query.where(c.namespace == namespace)
    if application is not None:
        query = query.where(c.application == application)
    with database.connect() as connection:
        rows = connection.execute(query).mappings().all()
        days = _days_to_fix(connection, namespace)
    found = [_standing(row, days) for row in rows]
    return sorted(
        found, key=lambda s: (-s.critical, -s.high, -s.unscored, s.namespace, s.application)
    )


@dataclass(frozen=True, slots=True)
class Overdue:
    """What of an application is open past its due date.

    Attributes:
        namespace: Of the application.
        application: Its name.
        count: How many findings.
        owners: Who pushed them first, by name.
        newest_due: The latest of the dates that passed, RFC 3339: another one passing changes it.
    """

    namespace: str
    application: str
    count: int
    owners: tuple[str, ...]
    newest_due: str


def overdue(database: sa.Engine, now: str) -> list[Overdue]:
    """Applications with findings that are late, by namespace and name."""
    c = findings.c
    late = (c.fixed_at == "", c.excepted_until <= now, c.due < now)
    counted = (
        sa.select(c.namespace, c.application, sa.func.count(), sa.func.max(c.due))
        .where(*late)
        .group_by(c.namespace, c.application)
        .order_by(c.namespace, c.application)
    )
    owning = sa.select(c.namespace, c.application, c.owner).where(*late).distinct()
    owners: dict[tuple[str, str], list[str]] = {}
    with database.connect() as connection:
        for namespace, application, owner in connection.execute(owning):
            owners.setdefault((namespace, application), []).append(owner)
        return [
            Overdue(ns, name, count, tuple(sorted(owners[(ns, name)])), due)
            for ns, name, count, due in connection.execute(counted)
        ]


def next_due(database: sa.Engine, now: str) -> str:
    """When the next open finding becomes late, RFC 3339; empty when none will."""
    c = findings.c
    query = sa.select(sa.func.min(c.due)).where(c.fixed_at == "", c.due >= now)
    with database.connect() as connection:
        return connection.execute(query).scalar_one() or ""


def _standing(row: sa.RowMapping, days: dict[tuple[str, str], float]) -> Standing:
    values: dict[str, Any] = {**row, "next_due": row["next_due"] or ""}
    return Standing(**values, days_to_fix=days.get((row["namespace"], row["application"])))


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _days_to_fix(connection: sa.Connection, namespace: str | None) -> dict[tuple[str, str], float]:
    c = findings.c
    query = sa.select(c.namespace, c.application, c.first_seen, c.fixed_at).where(c.fixed_at != "")
    if namespace is not None:
        query = query.where(c.namespace == namespace)
    taken: dict[tuple[str, str], list[timedelta]] = {}
    for owner, application, first, fixed in connection.execute(query):
        duration = parse_timestamp(fixed) - parse_timestamp(first)
        taken.setdefault((owner, application), []).append(duration)
    return {
        key: round(sum(several, timedelta()) / len(several) / timedelta(days=1), 2)
        for key, several in taken.items()
    }
