"""The outbox: a message is here before it is sent, and stays until its receiver took it.

The key is event x channel. It is unique in the table, so recording twice records once; and it is
what the receiver is told, so that sending again, after a crash that hid whether it was sent, is
seen there as the same. Methods block: call them in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import orjson
import sqlalchemy as sa

from idp.capabilities.notifications.message import Message

FIRST_DELAY, LONGEST_DELAY = 5.0, 3600.0
MOST_ATTEMPTS = 60
"""About two days of trying."""

_outbox = sa.Table(
    "notifications_outbox",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    *(sa.Column(name, sa.String) for name in ("key", "namespace", "channel", "message", "state")),
    sa.Column("attempts", sa.Integer),
    sa.Column("due", sa.Float),
    sa.Column("generation", sa.Integer),
    sa.Column("error", sa.Text),
)
_PENDING, _SENT, _FAILED = "pending", "sent", "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """A message for one channel.

    Attributes:
        id: Of the row.
        namespace: Of the channel.
        channel: Its name.
        message: What is told.
        attempts: How often it was tried.
    """

    id: int
    namespace: str
    channel: str
    message: Message
    attempts: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How many messages of a channel are in which state, and the newest complaint."""

    waiting: int
    failed: int
    sent: int
    error: str


def delay(attempts: int) -> float:
    """Seconds until the next attempt after so many."""
    return float(min(FIRST_DELAY * 2.0 ** min(attempts - 1, 20), LONGEST_DELAY))


class Outbox:
    """Records, hands out, marks."""

    def __init__(self, database: sa.Engine, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def record(self, message: Message, channels: Iterable[tuple[str, str]]) -> int:
        """Record a message for channels, unless it is; durable when this returns.

        Returns:
            For how many it was new.
        """
        new = 0
        for namespace, channel in channels:
            row = {
                "key": f"{message.id}/{namespace}/{channel}",
                "namespace": namespace,
                "channel": channel,
                "message": orjson.dumps(asdict(message)).decode(),
                "state": _PENDING,
                "attempts": 0,
                "due": self._now(),
                "generation": 0,
                "error": "",
            }
            try:
                with self._database.begin() as connection:
                    connection.execute(_outbox.insert().values(row))
            except sa.exc.IntegrityError:
                continue
            new += 1
        return new

    def due(self, limit: int = 20) -> list[Entry]:
        """What is to be sent now, the oldest first."""
        query = (
            sa.select(_outbox)
            .where(_outbox.c.state == _PENDING, _outbox.c.due <= self._now())
            .order_by(_outbox.c.due, _outbox.c.id)
            .limit(limit)
        )
        with self._database.connect() as connection:
            rows = connection.execute(query).all()
        return [
            Entry(
                row.id,
                row.namespace,
                row.channel,
                Message(**orjson.loads(row.message)),
                row.attempts,
            )
            for row in rows
        ]

    def next_due(self) -> float | None:
        """Seconds until something is to be sent; None when nothing waits."""
        query = sa.select(sa.func.min(_outbox.c.due)).where(_outbox.c.state == _PENDING)
        with self._database.connect() as connection:
            soonest = connection.execute(query).scalar()
        return None if soonest is None else max(float(soonest) - self._now(), 0.0)

    def sent(self, entry: Entry) -> None:
        """The receiver took it."""
        self._mark(entry, state=_SENT, attempts=entry.attempts + 1, error="")

    def refused(self, entry: Entry, error: str, *, generation: int, final: bool) -> None:
        """It was not taken: try again later, or give it up.

        Args:
            entry: What was tried.
            error: Why; holds no secret.
            generation: Of the channel that it was tried with.
            final: Whether trying again with the same channel cannot help.
        """
        attempts = entry.attempts + 1
        gives_up = final or attempts >= MOST_ATTEMPTS
        self._mark(
            entry,
            state=_FAILED if gives_up else _PENDING,
            attempts=attempts,
            due=self._now() + delay(attempts),
            generation=generation,
            error=error[:1000],
        )

    def revive(self, namespace: str, channel: str, generation: int) -> None:
        """A channel was changed since: what was given up is tried again, what waits now."""
        with self._database.begin() as connection:
            connection.execute(
                _outbox.update()
                .where(
                    _outbox.c.namespace == namespace,
                    _outbox.c.channel == channel,
                    _outbox.c.state != _SENT,
                    _outbox.c.attempts > 0,
                    _outbox.c.generation < generation,
                )
                .values(state=_PENDING, attempts=0, due=self._now(), generation=generation)
            )

    def standing(self, namespace: str, channel: str) -> Standing:
        """How a channel does."""
        here = sa.and_(_outbox.c.namespace == namespace, _outbox.c.channel == channel)
        counts = sa.select(_outbox.c.state, sa.func.count()).where(here).group_by(_outbox.c.state)
        complaint = (
            sa.select(_outbox.c.error)
            .where(here, _outbox.c.error != "")
            .order_by(_outbox.c.id.desc())
            .limit(1)
        )
        with self._database.connect() as connection:
            found: dict[str, int] = {row[0]: row[1] for row in connection.execute(counts)}
            error = connection.execute(complaint).scalar() or ""
        return Standing(found.get(_PENDING, 0), found.get(_FAILED, 0), found.get(_SENT, 0), error)

    def _mark(self, entry: Entry, **values: object) -> None:
        with self._database.begin() as connection:
            connection.execute(_outbox.update().where(_outbox.c.id == entry.id).values(values))
