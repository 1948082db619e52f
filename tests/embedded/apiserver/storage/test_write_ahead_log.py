"""What a crash leaves is no damage; an acknowledged transaction that changed is."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from idp.embedded.apiserver.storage.store import Store
from idp.embedded.apiserver.storage.write_ahead_log import is_damaged
from idp.kernel.errors import MissingPrerequisite

TRANSACTIONS = 6
FRAME = 24 + 4096


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log of six transactions, as a process that was killed leaves it."""
    connection = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    for number in range(TRANSACTIONS - 1):
        connection.execute("INSERT INTO t VALUES (?)", (f"{number}" * 3000,))
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"live.db{suffix}", tmp_path / f"killed.db{suffix}")
    connection.close()
    return tmp_path / "killed.db-wal"


def rows(log: Path) -> int:
    """How many rows SQLite finds; it may forget some without a word."""
    connection = sqlite3.connect(log.with_name("killed.db"))
    try:
        found: int = connection.execute("SELECT count(*) FROM t").fetchone()[0]
    finally:
        connection.close()
    return found


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def test_what_a_crash_leaves_is_fine(log: Path) -> None:
    assert not is_damaged(log)
    assert not is_damaged(log.with_name("nothing"))
    content = log.read_bytes()
    for end in range(0, len(content), 997):  # the last write was cut off anywhere
        log.write_bytes(content[:end])
        assert not is_damaged(log)


def test_the_last_transaction_may_be_torn(log: Path) -> None:
    flip(log, log.stat().st_size - 100)
    assert not is_damaged(log)
    assert rows(log) == TRANSACTIONS - 2


@pytest.mark.parametrize("frame", range(4))
@pytest.mark.parametrize("inside", [0, 9, 17, 24, 2000])
def test_a_change_before_the_last_transaction_is_found(log: Path, frame: int, inside: int) -> None:
    flip(log, 32 + frame * FRAME + inside)
    assert is_damaged(log)


def test_a_changed_header_is_found(log: Path) -> None:
    for offset in (0, 9, 17, 25):
        content = log.read_bytes()
        flip(log, offset)
        assert is_damaged(log), offset
        log.write_bytes(content)


def test_a_log_that_was_used_again_is_fine(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    for number in range(20):
        connection.execute("INSERT INTO t VALUES (?)", (f"{number}" * 3000,))
    connection.execute("PRAGMA wal_checkpoint(FULL)")
    connection.execute("INSERT INTO t VALUES (1)")
    assert not is_damaged(tmp_path / "live.db-wal")
    connection.close()


def test_a_store_refuses_it(log: Path) -> None:
    flip(log, 32 + 2000)
    with pytest.raises(MissingPrerequisite, match=r"killed\.db-wal"):
        Store(log.with_name("killed.db"))
    assert log.exists(), "nothing was changed"
