"""Users and their sessions: passwords by argon2id, tokens by hash, a pause after wrong guesses.

Instances are users too (`instance.<environment>`): they have a generated password and no session.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

import argon2
import orjson
import sqlalchemy as sa

from idp.apps.hub.passwords import check_password, check_user_name
from idp.apps.hub.session_store import Scope, SessionKind, SessionStore
from idp.apps.platform.layout import Layout
from idp.kernel.access import INSTANCE_PREFIX, Principal
from idp.kernel.database import open_database
from idp.kernel.errors import Forbidden, NotFound, TooManyRequests

MIGRATIONS = Path(__file__).parent / "migrations"
SESSION_SECONDS = 30 * 86400.0
FREE_FAILURES = 5
"""Wrong passwords before the pause; each further one doubles it, up to 15 minutes."""
LONGEST_PAUSE = 900.0
_CACHE_SECONDS = 300.0

_metadata = sa.MetaData()
_users = sa.Table(
    "users",
    _metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("password_hash", sa.String),
    sa.Column("groups", sa.Text),
    sa.Column("failures", sa.Integer),
    sa.Column("locked_until", sa.Float),
    sa.Column("disabled", sa.Boolean),
    sa.Column("issuer", sa.String),
)


def pause_after(failures: int) -> float:
    """Seconds for which a user is locked after so many wrong passwords in a row."""
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(2.0 ** (failures - FREE_FAILURES), LONGEST_PAUSE))


class Users:
    """The user database. Methods block: call them from a thread.

    Attributes:
        sessions: The sessions of all users.
    """

    def __init__(self, database: sa.Engine, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        # The cheapest parameters of RFC 9106's second recommendation would take 64 MiB a check;
        # 19 MiB and two passes are OWASP's, and fit a machine that runs everything.
        self._hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._verified: dict[str, tuple[str, float]] = {}
        self._salt = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self.sessions = SessionStore(database, now)

    def set_password(self, name: str, password: str, groups: tuple[str, ...] | None = None) -> None:
        """Create a user, or change the password (and the groups, unless None); ends all sessions.

        Raises:
            Invalid: The name or the password breaks a rule.
        """
        if not name.startswith(INSTANCE_PREFIX):
            check_user_name(name)
            check_password(name, password)
        row = {
            "password_hash": self._hasher.hash(password),
            "failures": 0,
            "locked_until": 0.0,
        }
        if groups is not None:
            row["groups"] = orjson.dumps(sorted(groups)).decode()
        with self._database.begin() as connection:
            changed = connection.execute(_users.update().where(_users.c.name == name).values(row))
            if changed.rowcount == 0:
                connection.execute(
                    _users.insert().values(
                        {"name": name, "groups": "[]", "disabled": False, "issuer": "", **row}
                    )
                )
            # Whoever knew the old one, or stole a session, is out.
            self.sessions.end_all(connection, name)
        self._verified.pop(name, None)

    def names(self) -> dict[str, tuple[str, ...]]:
        """All users and their groups."""
        with self._database.connect() as connection:
            rows = connection.execute(sa.select(_users.c.name, _users.c.groups))
            return {row.name: tuple(orjson.loads(row.groups)) for row in rows}

    def authenticate(self, name: str, password: str) -> Principal | None:
        """The principal behind a name and a password; None when they are wrong.

        A right password is remembered for five minutes (as a keyed hash, in memory), because Git
        and registry clients send it with every request and argon2 takes 50 ms on purpose.

        Raises:
            TooManyRequests: After several wrong passwords, for a while.
        """
        with self._database.connect() as connection:
            row = connection.execute(sa.select(_users).where(_users.c.name == name)).first()
        if row is None or row.disabled or row.issuer:
            self._hasher.hash(password)  # as slow as for a user that exists
            return None
        if row.locked_until > self._now():
            raise TooManyRequests(
                f"{name} is locked after {row.failures} wrong passwords",
                remedy=f"Try again in {row.locked_until - self._now():.0f} s.",
            )
        if not self._matches(name, row.password_hash, password):
            self._count_failure(name, row.failures + 1)
            return None
        if row.failures:
            self._count_failure(name, 0)
        return Principal(name, tuple(orjson.loads(row.groups)))

    def _matches(self, name: str, password_hash: str, password: str) -> bool:
        proof = hashlib.blake2b(password.encode(), key=self._salt).hexdigest() + password_hash
        with self._lock:
            known = self._verified.get(name)
        if known is not None and known[0] == proof and known[1] > self._now():
            return True
        try:
            self._hasher.verify(password_hash, password)
        except argon2.exceptions.VerificationError:
            return False
        with self._lock:
            self._verified[name] = (proof, self._now() + _CACHE_SECONDS)
        return True

    def _count_failure(self, name: str, failures: int) -> None:
        until = self._now() + pause_after(failures) if failures else 0.0
        with self._database.begin() as connection:
            connection.execute(
                _users.update()
                .where(_users.c.name == name)
                .values(failures=failures, locked_until=until)
            )

    def change(
        self,
        name: str,
        *,
        password: str | None = None,
        groups: tuple[str, ...] | None = None,
        disabled: bool | None = None,
    ) -> None:
        """Change a user; None leaves as it is. A new password and disabling end all sessions.

        Raises:
            NotFound: There is no such user.
            Invalid: The password breaks a rule.
        """
        if name not in self.names():
            raise NotFound(f"there is no user {name!r}", remedy="`idp-cli users list` shows all.")
        if password is not None:
            self.set_password(name, password)
        row: dict[str, object] = {}
        if groups is not None:
            row["groups"] = orjson.dumps(sorted(groups)).decode()
        if disabled is not None:
            row["disabled"] = disabled
        if not row:
            return
        with self._database.begin() as connection:
            connection.execute(_users.update().where(_users.c.name == name).values(row))
            if disabled:
                self.sessions.end_all(connection, name)
        self._verified.pop(name, None)

    def vouch(self, name: str, groups: tuple[str, ...], issuer: str) -> None:
        """Keep a user whom an issuer vouches for; the groups are the issuer's to say.

        Raises:
            Forbidden: The name is one with a password here, another issuer's, or disabled.
        """
        with self._database.begin() as connection:
            row = connection.execute(sa.select(_users).where(_users.c.name == name)).first()
            if name.startswith(INSTANCE_PREFIX) or (row is not None and row.issuer != issuer):
                raise Forbidden(f"{name} is not {issuer}'s to vouch for")
            if row is not None and row.disabled:
                raise Forbidden(f"{name} is disabled", remedy="An administrator can enable it.")
            values = {"groups": orjson.dumps(sorted(groups)).decode()}
            if row is None:
                new = {"name": name, "password_hash": "", "failures": 0, "locked_until": 0.0}
                connection.execute(
                    _users.insert().values({**new, **values, "disabled": False, "issuer": issuer})
                )
            else:
                connection.execute(_users.update().where(_users.c.name == name).values(values))

    def disabled(self) -> frozenset[str]:
        """The users who may not sign in."""
        with self._database.connect() as connection:
            rows = connection.execute(sa.select(_users.c.name).where(_users.c.disabled))
            return frozenset(row.name for row in rows)

    def open_session(
        self,
        name: str,
        seconds: float = SESSION_SECONDS,
        *,
        kind: SessionKind = "cli",
        label: str = "command line",
        scope: Scope = "everything",
    ) -> tuple[str, float]:
        """A new token of a user, and when it expires (seconds since 1970).

        Raises:
            NotFound: There is no such user, or it is disabled.
        """
        if name not in self.names() or name in self.disabled():
            raise NotFound(f"there is no user {name!r}", remedy="`idp-cli users list` shows all.")
        token, stored = self.sessions.open(name, seconds, kind=kind, label=label, scope=scope)
        return token, stored.expires

    def session(self, token: str) -> Principal | None:
        """The principal behind a bearer token; None when it is unknown or expired."""
        stored = self.sessions.find(token)
        if stored is None:
            return None
        query = sa.select(_users.c.name, _users.c.groups).where(
            _users.c.name == stored.user, ~_users.c.disabled
        )
        with self._database.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Principal(row.name, tuple(orjson.loads(row.groups)), stored.scope == "read")

    def close_session(self, token: str) -> None:
        """Forget a token."""
        self.sessions.close(token)

    @property
    def database(self) -> sa.Engine:
        """The hub's database, for what else the hub remembers."""
        return self._database

    def close(self) -> None:
        """Close the database."""
        self._database.dispose()


def open_users(layout: Layout) -> Users:
    """Open the user database of a data folder."""
    layout.hub.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Users(open_database(f"sqlite:///{layout.hub_database}", [MIGRATIONS]))
