"""The ledger: one row for every promotion that ended, for ever.

Promotions, workflows and steps are deleted one day; what was decided, by whom and on what grounds,
stays here. A promotion is recorded once, by its uid: who records it again, after a crash, finds it
and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

_metadata = sa.MetaData()
_JSON = ("verdict", "approvals")
_ledger = sa.Table(
    "promotion_ledger",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uid", sa.String),
    sa.Column("environment", sa.String),
    sa.Column("namespace", sa.String),
    sa.Column("application", sa.String),
    sa.Column("promotion", sa.String),
    sa.Column("action", sa.String),
    sa.Column("release", sa.String),
    sa.Column("release_digest", sa.String),
    sa.Column("image", sa.String),
    sa.Column("git_commit", sa.String),
    sa.Column("initiator", sa.String),
    sa.Column("reason", sa.Text),
    sa.Column("phase", sa.String),
    sa.Column("message", sa.Text),
    sa.Column("policy_version", sa.String),
    sa.Column("verdict", sa.Text),
    sa.Column("approvals", sa.Text),
    sa.Column("started_at", sa.String),
    sa.Column("finished_at", sa.String),
)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A promotion that ended.

    Attributes:
        uid: Of the Promotion object.
        environment: Where it happened.
        namespace: Of the application.
        application: Its name.
        promotion: Name of the Promotion.
        action: `promote` or `rollback`.
        release: Name of the Release; of a rollback, the version that it went back to.
        release_digest: Digest of the release.
        image: What runs because of it.
        git_commit: Commit in the environment's repository.
        initiator: Who started it.
        reason: Why, in the initiator's words.
        phase: How it ended.
        message: What was said last.
        policy_version: Rules under which it was decided.
        verdict: Outputs of the `verdict` step; empty when it did not come to it.
        approvals: Outputs of the `approval` step, and under `gates` how each gate stood; empty
            likewise.
        started_at: RFC 3339; empty when it never began.
        finished_at: RFC 3339.
    """

    uid: str
    environment: str
    namespace: str
    application: str
    promotion: str
    action: str
    release: str
    release_digest: str
    image: str
    git_commit: str
    initiator: str
    reason: str
    phase: str
    message: str
    policy_version: str
    started_at: str
    finished_at: str
    verdict: Mapping[str, Any] = field(default_factory=dict)
    approvals: Mapping[str, Any] = field(default_factory=dict)


class Ledger:
    """Appends to and reads the ledger. Methods block: call them in a thread."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database

    def record(self, entry: LedgerEntry) -> bool:
        """Record a promotion, unless it is recorded; durable when this returns.

        Returns:
            Whether it was new.
        """
        values: dict[str, Any] = asdict(entry)
        for name in _JSON:
            values[name] = orjson.dumps(values[name], option=orjson.OPT_SORT_KEYS).decode()
        try:
            with self._database.begin() as connection:
                connection.execute(_ledger.insert().values(values))
        except sa.exc.IntegrityError:
            return False
        return True

    def entry(self, uid: str) -> LedgerEntry | None:
        """The entry of one promotion, or None."""
        found = self._read(sa.select(_ledger).where(_ledger.c.uid == uid))
        return found[0] if found else None

    def entries(
        self,
        *,
        namespace: str | None = None,
        application: str | None = None,
        limit: int = 100,
    ) -> list[LedgerEntry]:
        """The newest entries, newest first; None matches everything."""
        query = sa.select(_ledger).order_by(_ledger.c.id.desc()).limit(limit)
        if namespace is not None:
            query = query.where(_ledger.c.namespace == namespace)
        if application is not None:
            query = query.where(_ledger.c.application == application)
        return self._read(query)

    def _read(self, query: sa.Select[Any]) -> list[LedgerEntry]:
        with self._database.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            LedgerEntry(
                **{
                    name: orjson.loads(value) if name in _JSON else value
                    for name, value in row.items()
                    if name != "id"
                }
            )
            for row in rows
        ]
