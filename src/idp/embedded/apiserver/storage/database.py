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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.kernel.errors import IdpError, MissingPrerequisite, Unavailable

FORMAT = 1
"""Version of the tables; a database with a higher one was written by a newer program."""

_BATCH = 512
_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    version INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (resource, namespace, name)
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One stored object, or its removal when `body` is None."""

    resource: str
    namespace: str
    name: str
    version: int
    body: bytes | None


Committed = Callable[[Sequence[Row], IdpError | None], None]
"""Called in the writer thread after each batch: the rows in order, and why they were refused."""


class Database:
    """One database file and its writer thread."""

    def __init__(self, path: Path, on_commit: Committed) -> None:
        self._path = path
        self._on_commit = on_commit
        self._waiting: queue.SimpleQueue[Row | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="apiserver-writer", daemon=True)
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
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
            raise MissingPrerequisite(
                f"{self._path} has format {found}, this version knows {FORMAT}: "
                "a newer version wrote it",
                remedy="Start the newer version again, or restore a backup of the data folder.",
            )
        connection.executescript(_TABLES)
        connection.execute(f"PRAGMA user_version={FORMAT}")

    def load(self) -> Iterator[Row]:
        """All stored objects."""
        query = "SELECT resource, namespace, name, version, body FROM objects"
        for resource, namespace, name, version, body in self._connection.execute(query):
            yield Row(resource, namespace, name, version, body)

    def fact(self, name: str) -> int:
        """A number kept beside the objects; 0 when it was never set."""
        row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def set_fact(self, name: str, value: int) -> None:
        """Keep a number; durable when this returns. Only before `start`."""
        self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def start(self) -> None:
        """Start the writer thread."""
        self._thread.start()

    def put(self, row: Row) -> None:
        """Queue one change."""
        self._waiting.put(row)

    def stop(self) -> None:
        """Commit what is queued, then close the file. Blocks for at most a few commits."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            batch: list[Row] = []
            row = self._waiting.get()
            while row is not None:
                batch.append(row)
                if len(batch) == _BATCH or self._waiting.empty():
                    break
                row = self._waiting.get()
            stopping = row is None
            if batch:
                self._on_commit(batch, self._commit(batch))

    def _commit(self, batch: Sequence[Row]) -> IdpError | None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for row in batch:
                self._write(row)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return Unavailable(
                f"the change was not stored: {error}",
                remedy=f"Make room on the disk that holds {self._path.parent}, then try again.",
            )
        return None

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
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                (row.resource, row.namespace, row.name, row.version, row.body),
            )
