"""Sessions and tokens: what proves who somebody is after signing in. Kept by hash.

A token is a session that a person made for a program: with a name, an expiry and a scope. What ends
a user's sessions ends them all, whatever they are called.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import sqlalchemy as sa

SessionKind = Literal["browser", "cli", "token"]
Scope = Literal["everything", "read"]
"""`read` sees what its user sees and changes nothing."""
USED_SECONDS = 60.0
"""How exactly is kept when a session was last used: a write at every request would be too much."""

_sessions = sa.Table(
    "sessions",
    sa.MetaData(),
    sa.Column("token_hash", sa.String, primary_key=True),
    sa.Column("id", sa.String),
    sa.Column("user", sa.String),
    sa.Column("kind", sa.String),
    sa.Column("label", sa.String),
    sa.Column("scope", sa.String),
    sa.Column("created", sa.Float),
    sa.Column("used", sa.Float),
    sa.Column("expires", sa.Float),
)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session without its secret. Times are seconds since 1970.

    Attributes:
        id: Names it without opening anything.
        user: Whose it is.
        kind: What holds it.
        label: What its maker called it.
        scope: What it may.
        created: When it was opened; 0 when that was not kept yet.
        used: When it was last used, to a minute; 0 when never.
        expires: When it ends by itself.
    """

    id: str
    user: str
    kind: SessionKind
    label: str
    scope: Scope
    created: float
    used: float
    expires: float


class SessionStore:
    """The sessions of all users. Methods block: call them from a thread."""

    def __init__(self, database: sa.Engine, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def open(
        self, user: str, seconds: float, *, kind: SessionKind, label: str, scope: Scope
    ) -> tuple[str, StoredSession]:
        """A new token, and what is known of its session."""
        token, now = secrets.token_urlsafe(32), self._now()
        hashed = hash_of(token)
        stored = StoredSession(hashed[:16], user, kind, label, scope, now, 0.0, now + seconds)
        values = {name: getattr(stored, name) for name in StoredSession.__slots__}
        with self._database.begin() as connection:
            connection.execute(_sessions.delete().where(_sessions.c.expires < now))
            connection.execute(_sessions.insert().values({"token_hash": hashed, **values}))
        return token, stored

    def find(self, token: str) -> StoredSession | None:
        """The session of a token; None when it is unknown or expired."""
        hashed, now = hash_of(token), self._now()
        query = sa.select(_sessions).where(
            _sessions.c.token_hash == hashed, _sessions.c.expires > now
        )
        with self._database.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if now - row.used > USED_SECONDS:
            with self._database.begin() as connection:
                connection.execute(
                    _sessions.update().where(_sessions.c.token_hash == hashed).values(used=now)
                )
        return _stored(row)

    def of(self, user: str) -> list[StoredSession]:
        """The sessions of a user that have not expired, the newest first."""
        query = (
            sa.select(_sessions)
            .where(_sessions.c.user == user, _sessions.c.expires > self._now())
            .order_by(_sessions.c.created.desc(), _sessions.c.id)
        )
        with self._database.connect() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def close(self, token: str) -> None:
        """End the session of a token."""
        with self._database.begin() as connection:
            connection.execute(_sessions.delete().where(_sessions.c.token_hash == hash_of(token)))

    def end(self, user: str, id: str) -> bool:
        """End one session of a user; gives whether there was one."""
        with self._database.begin() as connection:
            ended = connection.execute(
                _sessions.delete().where(_sessions.c.user == user, _sessions.c.id == id)
            )
        return bool(ended.rowcount)

    def end_all(self, connection: sa.Connection, user: str) -> None:
        """End all sessions of a user, within a transaction."""
        connection.execute(_sessions.delete().where(_sessions.c.user == user))


def _stored(row: sa.Row[tuple[object, ...]]) -> StoredSession:
    values = {name: getattr(row, name) for name in StoredSession.__slots__}
    # What cannot be understood may least.
    if values["scope"] not in get_args(Scope):
        values["scope"] = "read"
    return StoredSession(**values)


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
