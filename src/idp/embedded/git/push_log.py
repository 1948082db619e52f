"""The durable log of pushes: an outbox in SQLite.

A ref that moved is written here before the push is answered. The log also holds the refs as they
were when it last looked, in the same transaction, so that what moved can always be found by
comparing, whatever was killed in between: no push is missed, and none is reported twice.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from idp.embedded.git.events import NO_COMMIT, PushEvent, changes
from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import MissingPrerequisite, Unavailable

_VERSION = 1
_SCHEMA = f"""
CREATE TABLE pushes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository TEXT NOT NULL, ref TEXT NOT NULL, "before" TEXT NOT NULL, "after" TEXT NOT NULL,
    pusher TEXT NOT NULL, time TEXT NOT NULL, delivered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX undelivered ON pushes (repository, id) WHERE delivered = 0;
CREATE TABLE refs (
    repository TEXT NOT NULL, ref TEXT NOT NULL, "commit" TEXT NOT NULL,
    PRIMARY KEY (repository, ref)
) WITHOUT ROWID;
CREATE TABLE started (repository TEXT PRIMARY KEY, pusher TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""
_COLUMNS = 'id, repository, ref, "before", "after", pusher, time'


class PushLog:
    """Records pushes and lets others wait for them.

    Args:
        path: The database file; created when it is missing.
        keep: How many delivered events stay readable. Who fell behind further than that must look
            at the repositories themselves.

    Raises:
        MissingPrerequisite: The file was written by a newer version.
    """

    def __init__(self, path: Path, *, clock: Clock = utc_now, keep: int = 10_000) -> None:
        self._connection = _open(path)
        self._guard = threading.Lock()
        self._clock = clock
        self._keep = keep
        self._grown = asyncio.Condition()

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()

    async def start(self, repository: str, pusher: str) -> None:
        """Note who is about to push, so that a push that a crash cuts off still has a name."""
        await asyncio.to_thread(self._start, repository, pusher)

    def _start(self, repository: str, pusher: str) -> None:
        with self._guard, self._connection as db:
            db.execute("INSERT OR REPLACE INTO started VALUES (?, ?)", (repository, pusher))

    async def record(self, repository: str, refs: Mapping[str, str]) -> list[PushEvent]:
        """Compare `refs` (ref -> commit) with the recorded ones and log what moved, durably.

        Raises:
            Unavailable: The log cannot be written, for example because the disk is full.
        """
        try:
            events = await asyncio.to_thread(self._record, repository, refs)
        except sqlite3.Error as error:
            raise Unavailable(
                f"the log of pushes cannot be written: {error}",
                remedy="Make space on the disk; what was pushed is logged then.",
            ) from error
        if events:
            async with self._grown:
                self._grown.notify_all()
        return events

    def _record(self, repository: str, refs: Mapping[str, str]) -> list[PushEvent]:
        now = self._clock()
        with self._guard, self._connection as db:
            query = 'SELECT ref, "commit" FROM refs WHERE repository = ?'
            recorded: dict[str, str] = dict(db.execute(query, (repository,)))
            row = db.execute("SELECT pusher FROM started WHERE repository = ?", (repository,))
            pusher: str = (row.fetchone() or ("",))[0]
            db.execute("DELETE FROM started WHERE repository = ?", (repository,))
            events = []
            for change in changes(recorded, refs):
                moved = (repository, change.ref, change.before, change.after, pusher)
                cursor = db.execute(
                    'INSERT INTO pushes (repository, ref, "before", "after", pusher, time) '
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (*moved, now.isoformat()),
                )
                events.append(PushEvent(cursor.lastrowid or 0, *moved, now))
                if change.after == NO_COMMIT:
                    db.execute(
                        "DELETE FROM refs WHERE repository = ? AND ref = ?",
                        (repository, change.ref),
                    )
                else:
                    db.execute(
                        "INSERT OR REPLACE INTO refs VALUES (?, ?, ?)",
                        (repository, change.ref, change.after),
                    )
        return events

    def after(self, id: int, *, limit: int = 1000) -> list[PushEvent]:
        """The events that follow `id`, oldest first."""
        return self._select("WHERE id > ? ORDER BY id LIMIT ?", id, limit)

    async def wait_after(self, id: int, timeout: float) -> list[PushEvent]:
        """The events that follow `id`; waits up to `timeout` seconds for one, then gives none."""
        try:
            async with asyncio.timeout(timeout), self._grown:
                await self._grown.wait_for(lambda: self.newest() > id)
        except TimeoutError:
            return []
        return self.after(id)

    def newest(self) -> int:
        """The id of the newest event, 0 when there was none yet."""
        with self._guard:
            query = "SELECT seq FROM sqlite_sequence WHERE name = 'pushes'"
            row = self._connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def undelivered(self) -> list[str]:
        """The repositories with events that were not delivered yet."""
        with self._guard:
            query = "SELECT DISTINCT repository FROM pushes WHERE delivered = 0"
            return [row[0] for row in self._connection.execute(query)]

    def next_undelivered(self, repository: str) -> PushEvent | None:
        """The oldest event of a repository that was not delivered yet."""
        found = self._select(
            "WHERE delivered = 0 AND repository = ? ORDER BY id LIMIT 1", repository
        )
        return found[0] if found else None

    async def delivered(self, event: PushEvent) -> None:
        """Note that an event needs no further delivery, and forget very old ones."""
        await asyncio.to_thread(self._delivered, event.id)

    def _delivered(self, id: int) -> None:
        with self._guard, self._connection as db:
            db.execute("UPDATE pushes SET delivered = 1 WHERE id = ?", (id,))
            db.execute("DELETE FROM pushes WHERE delivered = 1 AND id <= ?", (id - self._keep,))

    def _select(self, clause: str, *arguments: str | int) -> list[PushEvent]:
        query = f"SELECT {_COLUMNS} FROM pushes {clause}"  # noqa: S608 - clauses are constants
        with self._guard:
            rows = self._connection.execute(query, arguments).fetchall()
        return [
            PushEvent(id, repository, ref, before, after, pusher, datetime.fromisoformat(time))
            for id, repository, ref, before, after, pusher, time in rows
        ]


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        connection.close()
        raise MissingPrerequisite(
            f"the push log is of version {version}, this program knows version {_VERSION}",
            remedy="Start the newer version again, or restore a backup of the data folder.",
        )
    if version == 0:
        connection.executescript("BEGIN;" + _SCHEMA + "COMMIT;")
    return connection
