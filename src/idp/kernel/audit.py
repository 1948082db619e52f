"""The audit chain: who did what to what, in records that prove each other.

Every record holds the SHA-256 of its own content together with the hash of the record before it.
Changing, removing or inserting a record breaks the chain from there on, which `verify` finds. The
chain proves that history was not edited afterwards by somebody without the means to rewrite all
later records; keep the last hash elsewhere to prove even that.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import sqlalchemy as sa

from idp.kernel.audit_entry import AuditEntry
from idp.kernel.clock import Clock, timestamp, utc_now

GENESIS = "0" * 64

_metadata = sa.MetaData()
_audit = sa.Table(
    "audit",
    _metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time", sa.String),
    sa.Column("actor", sa.String),
    sa.Column("action", sa.String),
    sa.Column("target", sa.String),
    sa.Column("facts", sa.Text),
    sa.Column("previous_hash", sa.String),
    sa.Column("hash", sa.String),
)


@dataclass(frozen=True)
class AuditRecord:
    """One link.

    Attributes:
        sequence: Counts from 1 without gaps.
        time: UTC, RFC 3339.
        actor: The user who acted (and, in `facts`, who impersonated whom).
        action: Verb and resource, such as `create approvals.platform.idp`.
        target: `namespace/name` of the object.
        facts: Further facts; never secrets.
        previous_hash: `hash` of the record before, `GENESIS` for the first.
        hash: SHA-256 over all the other fields.
    """

    sequence: int
    time: str
    actor: str
    action: str
    target: str
    facts: dict[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class ChainVerdict:
    """What `verify` found.

    Attributes:
        records: How many records were checked.
        broken_at: Sequence of the first record that does not fit; None when the chain holds.
        reason: What is wrong there.
        head: Hash of the last good record.
    """

    records: int
    broken_at: int | None
    reason: str
    head: str


def link_hash(record: AuditRecord) -> str:
    """SHA-256 over the canonical JSON of a record without its own hash."""
    content = [
        record.sequence,
        record.time,
        record.actor,
        record.action,
        record.target,
        record.facts,
        record.previous_hash,
    ]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def verify_chain(records: Iterator[AuditRecord]) -> ChainVerdict:
    """Check a whole chain, from its first record. Pure."""
    head, count = GENESIS, 0
    for record in records:
        if record.sequence != count + 1:
            reason = f"record {count + 1} is missing"
        elif record.previous_hash != head:
            reason = "it does not follow the record before it"
        elif link_hash(record) != record.hash:
            reason = "its content was changed"
        else:
            head, count = record.hash, count + 1
            continue
        return ChainVerdict(count, record.sequence, reason, head)
    return ChainVerdict(count, None, "", head)


def _linked(entry: AuditEntry, sequence: int, time: str, previous: str) -> AuditRecord:
    record = AuditRecord(
        sequence, time, entry.actor, entry.action, entry.target, entry.facts, previous, ""
    )
    return replace(record, hash=link_hash(record))


def _row(record: AuditRecord) -> dict[str, Any]:
    return {**record.__dict__, "facts": orjson.dumps(record.facts).decode()}


class AuditLog:
    """Appends to the chain of one database, which threads and processes may share."""

    def __init__(self, database: sa.Engine, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()

    def append(
        self, actor: str, action: str, target: str, facts: dict[str, Any] | None = None
    ) -> AuditRecord:
        """Add one record; it is durable when this returns."""
        return self.append_all([AuditEntry(actor, action, target, facts or {})])[0]

    def append_all(self, entries: Sequence[AuditEntry]) -> list[AuditRecord]:
        """Add records in one transaction; all of them are durable when this returns."""
        with self._lock, self._database.begin() as connection:
            if self._database.dialect.name == "sqlite":
                # Another process may append, too: the link before must still be the last.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            last = connection.execute(
                sa.select(_audit.c.sequence, _audit.c.hash)
                .order_by(_audit.c.sequence.desc())
                .limit(1)
            ).first()
            sequence, previous = (last.sequence, last.hash) if last else (0, GENESIS)
            records = []
            for entry in entries:
                sequence += 1
                record = _linked(entry, sequence, timestamp(self._clock()), previous)
                previous = record.hash
                records.append(record)
            if records:
                connection.execute(_audit.insert(), [_row(record) for record in records])
        return records

    def records(self, *, after: int = 0, limit: int | None = None) -> Iterator[AuditRecord]:
        """Read records in order, starting behind sequence `after`."""
        query = sa.select(_audit).where(_audit.c.sequence > after).order_by(_audit.c.sequence)
        if limit is not None:
            query = query.limit(limit)
        with self._database.connect() as connection:
            for row in connection.execute(query):
                yield AuditRecord(**{**row._mapping, "facts": orjson.loads(row.facts)})

    def tail(self, count: int, *, actor: str | None = None) -> list[AuditRecord]:
        """The newest records (of one actor, unless None), oldest first."""
        query = sa.select(_audit).order_by(_audit.c.sequence.desc()).limit(count)
        if actor is not None:
            query = query.where(_audit.c.actor == actor)
        with self._database.connect() as connection:
            rows = connection.execute(query).all()
        return [
            AuditRecord(**{**row._mapping, "facts": orjson.loads(row.facts)})
            for row in reversed(rows)
        ]

    def search(
        self,
        *,
        text: str = "",
        actor: str = "",
        people: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditRecord]:
        """Records that match, newest first.

        Args:
            text: Must occur in the action or the target; empty matches all.
            actor: The user who acted; empty matches all.
            people: Leave out what the platform itself did (users `system:...`).
            before: Only records with a smaller sequence; None begins with the newest.
            limit: At most so many.
        """
        query = sa.select(_audit).order_by(_audit.c.sequence.desc()).limit(limit)
        if before is not None:
            query = query.where(_audit.c.sequence < before)
        if actor:
            query = query.where(_audit.c.actor == actor)
        if people:
            query = query.where(~_audit.c.actor.startswith("system:", autoescape=True))
        if text:
            query = query.where(
                _audit.c.action.contains(text, autoescape=True)
                | _audit.c.target.contains(text, autoescape=True)
            )
        with self._database.connect() as connection:
            rows = connection.execute(query).all()
        return [AuditRecord(**{**row._mapping, "facts": orjson.loads(row.facts)}) for row in rows]

    def verify(self) -> ChainVerdict:
        """Check the whole chain."""
        return verify_chain(self.records())
