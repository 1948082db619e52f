"""The SQLite file behind the store: group commit in one writer thread.

Writes are queued by the event loop and committed by a single thread, as many at a time as have
gathered while the previous commit was on its way to the disk. Each commit is durable
(`synchronous=FULL`) before anybody is told. A batch that cannot be committed is refused as a whole
and nothing of it remains.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from idp.embedded.apiserver.storage.write_ahead_log import is_damaged
from idp.kernel.errors import IdpError, MissingPrerequisite, Unavailable

FORMAT = 2
"""Version of the tables; a database with a higher one was written by a newer program. Since 2
every row has a checksum, and the number of objects is kept: SQLite itself notices damage to its
trees, but neither a byte that changed in an object nor objects that a tree no longer leads to."""

_BATCH = 512
_STEP = 256
"""Pages that a snapshot copies before it lets waiting writes commit: a megabyte."""
_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    version INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER,
    PRIMARY KEY (resource, namespace, name)
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One stored object, or its removal when `body` is None.

    Attributes:
        grows: By how much it changes the number of objects: 1, 0 or -1.
    """

    resource: str
    namespace: str
    name: str
    version: int
    body: bytes | None
    grows: int = 0

    def checksum(self) -> int:
        """CRC-32 of all of it."""
        head = f"{self.resource}\0{self.namespace}\0{self.name}\0{self.version}\0"
        return zlib.crc32(self.body or b"", zlib.crc32(head.encode()))


@dataclass(frozen=True, slots=True)
class _Snapshot:
    path: Path
    done: Future[None]


Committed = Callable[[Sequence[Row], IdpError | None], None]
"""Called in the writer thread after each batch: the rows in order, and why they were refused."""


def check_database(path: Path) -> int:
    """Read a database that nobody uses, all of it; gives its highest resource version.

    Raises:
        MissingPrerequisite: It is damaged, or of a newer version.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            if (found := connection.execute("PRAGMA user_version").fetchone()[0]) > FORMAT:
                raise _newer(path, found)
            if (problem := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
                raise _damaged(path, problem)
            query = (
                "SELECT max((SELECT coalesce(max(version), 0) FROM objects), "
                "(SELECT coalesce(max(value), 0) FROM facts))"
            )
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error


def raise_version(path: Path, version: int) -> None:
    """Let a server that starts on this database begin above a resource version.

    A client that saw a later state of this instance must not take an old number for a new one.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO facts VALUES ('started', :version) "
            "ON CONFLICT (name) DO UPDATE SET value = max(value, :version)",
            {"version": version},
        )


def _newer(path: Path, found: int) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"{path} has format {found}, this version knows {FORMAT}: a newer version wrote it",
        remedy="Start the newer version again, or restore a backup of the data folder.",
    )


def _damaged(path: Path, why: object) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"{path} is damaged: {why}",
        remedy="Restore a backup (`idp-cli instance restore`), or the folder from a copy.",
    )


class Database:
    """One database file and its writer thread."""

    def __init__(self, path: Path, on_commit: Committed) -> None:
        self._path = path
        self._on_commit = on_commit
        self._waiting: queue.SimpleQueue[Row | _Snapshot | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="apiserver-writer", daemon=True)
        self._objects: int | None = None
        """How many objects there are; None in a database of before they were counted."""
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        log = self._path.with_name(f"{self._path.name}-wal")
        if is_damaged(log):
            raise _damaged(log, "transactions in it cannot be read")
        try:
            connection = sqlite3.connect(
                self._path, check_same_thread=False, isolation_level=None, timeout=2.0
            )
            self._configure(connection)
        except sqlite3.DatabaseError as error:
            raise MissingPrerequisite(
                f"{self._path} cannot be opened as a database: {error}",
                remedy="Stop whatever else uses it, or restore a backup of the data folder.",
            ) from error
        return connection

    def _configure(self, connection: sqlite3.Connection) -> None:
        # Exclusive: two servers on one file would each serve half of the truth.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-2000")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > FORMAT:
            connection.close()
            raise _newer(self._path, found)
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        if found == 1:
            connection.execute("ALTER TABLE objects ADD COLUMN checksum INTEGER")
        connection.execute(f"PRAGMA user_version={FORMAT}")
        connection.execute("COMMIT")
        # What a crash left behind the end of the log must not look like something of this run.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def load(self) -> Iterator[Row]:
        """All stored objects.

        Raises:
            MissingPrerequisite: One of them is damaged or missing.
        """
        query = "SELECT resource, namespace, name, version, body, checksum FROM objects"
        count, expected = 0, self._fact("objects")
        try:
            for *columns, checksum in self._connection.execute(query):
                row = Row(*columns)
                if checksum is not None and checksum != row.checksum():
                    place = f"{row.namespace}/{row.name}" if row.namespace else row.name
                    raise _damaged(self._path, f"{row.resource} {place} is not as it was written")
                count += 1
                yield row
        except sqlite3.DatabaseError as error:
            raise _damaged(self._path, error) from error
        if expected is not None and count != expected:
            raise _damaged(self._path, f"{expected} objects were written, {count} are found")
        if expected is None:
            self.set_fact("objects", count)
        self._objects = count

    def fact(self, name: str) -> int:
        """A number kept beside the objects; 0 when it was never set."""
        found = self._fact(name)
        return 0 if found is None else found

    def _fact(self, name: str) -> int | None:
        query = "SELECT value FROM facts WHERE name = ?"
        try:
            row = self._connection.execute(query, (name,)).fetchone()
        except sqlite3.DatabaseError as error:
            raise _damaged(self._path, error) from error
        return None if row is None else int(row[0])

    def set_fact(self, name: str, value: int) -> None:
        """Keep a number; durable with the transaction that it is part of."""
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def start(self) -> None:
        """Start the writer thread."""
        self._thread.start()

    def put(self, row: Row) -> None:
        """Queue one change."""
        self._waiting.put(row)

    def snapshot(self, path: Path) -> Future[None]:
        """Copy the database to a new file, as of one commit; writes go on meanwhile.

        SQLite copies what this connection commits during the copy along with it.
        """
        done: Future[None] = Future()
        self._waiting.put(_Snapshot(path, done))
        return done

    def stop(self) -> None:
        """Commit what is queued, then close the file. Blocks for at most a few commits."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while self._serve(self._waiting.get()):
            pass

    def _serve(self, first: Row | _Snapshot | None) -> bool:
        """Do what waits, beginning with `first`; false when that is the end."""
        batch: list[Row] = []
        item = first
        while isinstance(item, Row):
            batch.append(item)
            if len(batch) == _BATCH or self._waiting.empty():
                break
            item = self._waiting.get()
        if batch:
            self._on_commit(batch, self._commit(batch))
        if isinstance(item, _Snapshot):
            return self._copy(item)
        return item is not None

    def _copy(self, snapshot: _Snapshot) -> bool:
        """Make a snapshot, committing what arrives between its steps; false at the end."""
        later: list[_Snapshot | None] = []

        def between(_status: int, _remaining: int, _total: int) -> None:
            while not self._waiting.empty():
                rows: list[Row] = []
                while not self._waiting.empty() and len(rows) < _BATCH:
                    item = self._waiting.get()
                    if isinstance(item, Row):
                        rows.append(item)
                    else:
                        later.append(item)
                if rows:
                    self._on_commit(rows, self._commit(rows))

        try:
            with closing(sqlite3.connect(snapshot.path)) as target:
                self._connection.backup(target, pages=_STEP, progress=between)
        except (sqlite3.Error, OSError) as error:
            snapshot.done.set_exception(
                Unavailable(
                    f"the database could not be copied to {snapshot.path}: {error}",
                    remedy="Make room on that disk, then try again.",
                )
            )
        else:
            snapshot.done.set_result(None)
        goes_on = True
        for item in later:
            goes_on = self._serve(item) and goes_on
        return goes_on

    def _commit(self, batch: Sequence[Row]) -> IdpError | None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for row in batch:
                self._write(row)
            if grown := sum(row.grows for row in batch):
                self.set_fact("objects", (self._objects or 0) + grown)
            self._connection.execute("COMMIT")
            self._objects = (self._objects or 0) + grown
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return self._not_stored(error)
        return None

    def _not_stored(self, error: sqlite3.Error) -> Unavailable:
        remedy = f"Make room on the disk that holds {self._path.parent}, then try again."
        if not isinstance(error, sqlite3.OperationalError):
            remedy = "The database is damaged: stop the server and restore a backup."
        return Unavailable(f"the change was not stored: {error}", remedy=remedy)

    def _write(self, row: Row) -> None:
        if row.body is None:
            self._connection.execute(
                "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?",
                (row.resource, row.namespace, row.name),
            )
            self._connection.execute(
                "INSERT OR REPLACE INTO facts VALUES ('deleted', ?)", (row.version,)
            )
        else:
            self._connection.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)",
                (row.resource, row.namespace, row.name, row.version, row.body, row.checksum()),
            )
