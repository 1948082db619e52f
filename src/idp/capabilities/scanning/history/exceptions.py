"""States in the history which findings are excepted, and until when.

The objects decide, the history follows: what is written here is all that follows from the
exceptions of a namespace, so doing it again changes nothing. Methods block: call them in a thread.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from idp.capabilities.scanning.history.tables import findings
from idp.capabilities.scanning.kinds import VulnerabilityException
from idp.kernel.clock import timestamp

_DISPOSITIONS = {"accepted": "accepted", "notAffected": "false-positive"}
_NONE = ("", "", "", "")


def state_exceptions(
    database: sa.Engine,
    namespace: str,
    exceptions: Sequence[VulnerabilityException],
    now: datetime,
    application: str | None = None,
) -> dict[str, int]:
    """Write which present findings are excepted.

    Args:
        database: The history.
        namespace: Whose findings.
        exceptions: All of that namespace.
        now: Decides which count.
        application: Only findings of this one; None for all.

    Returns:
        Name of each exception that counts -> how many present findings it covers.
    """
    by_name: dict[str, list[VulnerabilityException]] = defaultdict(list)
    for exception in sorted(exceptions, key=lambda e: e.spec.expires, reverse=True):
        if not exception.spec.void(now):
            by_name[exception.spec.finding].append(exception)
    covered = Counter({e.name: 0 for several in by_name.values() for e in several})
    with database.begin() as connection:
        changes = []
        for row in connection.execute(_present(namespace, application)).mappings():
            found = _covering(row, by_name)
            covered.update(exception.name for exception in found)
            wanted = _facts(found[0]) if found else _NONE
            columns = ("disposition", "excepted_until", "exception", "justification")
            if wanted != tuple(row[name] for name in columns):
                changes.append({"row": row["id"], **dict(zip(columns, wanted, strict=True))})
        if changes:
            update = sa.update(findings).where(findings.c.id == sa.bindparam("row"))
            connection.execute(update, changes)
    return dict(covered)


def _present(namespace: str, application: str | None) -> sa.Select[Any]:
    query = sa.select(findings).where(findings.c.namespace == namespace, findings.c.fixed_at == "")
    return query if application is None else query.where(findings.c.application == application)


def _covering(
    row: sa.RowMapping, by_name: dict[str, list[VulnerabilityException]]
) -> list[VulnerabilityException]:
    names = (row["finding"], *orjson.loads(row["aliases"]))
    candidates = [exception for name in names for exception in by_name.get(name, ())]
    return [
        exception
        for exception in candidates
        if exception.spec.covers(
            row["application"], row["scanner"], names, row["package"], row["version"]
        )
    ]


def _facts(exception: VulnerabilityException) -> tuple[str, str, str, str]:
    spec = exception.spec
    return (
        _DISPOSITIONS[spec.disposition],
        timestamp(spec.expires),
        exception.name,
        spec.justification,
    )
