"""The durable log: once, in order, the same after a restart, and never on top of a changed past."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from idp.capabilities.signing.capability import CAPABILITY
from idp.capabilities.signing.log import SqlLog, read_log
from idp.kernel.database import open_database
from idp.kernel.errors import Unavailable, VerificationFailed
from idp.protocols.signing.keys import PrivateKey
from idp.protocols.signing.transparency.checkpoint import verify_checkpoint
from idp.protocols.signing.transparency.log import MemoryLog

KEY = PrivateKey.generate()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sa.Engine]:
    database = open_database(f"sqlite:///{tmp_path / 'history.db'}", CAPABILITY.migrations)
    yield database
    database.dispose()


@pytest.fixture
def open_log(database: sa.Engine) -> Callable[[], SqlLog]:
    """The log as a process that has just started has it."""
    return lambda: SqlLog(database, KEY, "staging")


async def test_it_answers_as_the_log_in_memory_does(open_log: Callable[[], SqlLog]) -> None:
    log, memory = open_log(), MemoryLog(KEY, "staging")
    for number in (1, 2, 1, 3):
        ours, theirs = await log.append(b"%d" % number), await memory.append(b"%d" % number)
        assert ours["inclusionProof"] == theirs["inclusionProof"]
    assert log.checkpoint() == memory.checkpoint()


async def test_a_restart_changes_nothing(
    open_log: Callable[[], SqlLog], database: sa.Engine
) -> None:
    first = await open_log().append(b"one")
    second = await open_log().append(b"two")
    again = open_log()
    assert [await again.append(b"one"), await again.append(b"two")] == [first, second]
    assert [row.entry for row in read_log(database)] == [b"one", b"two"]
    assert verify_checkpoint(again.checkpoint(), "idp/staging", KEY.public_key).size == 2


async def test_entries_that_come_at_once_stand_once_each(
    open_log: Callable[[], SqlLog], database: sa.Engine
) -> None:
    log = open_log()
    await asyncio.gather(*(log.append(b"%d" % (number % 5)) for number in range(20)))
    assert sorted(row.entry for row in read_log(database)) == [b"%d" % n for n in range(5)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("DELETE FROM signing_log WHERE place = 0", "entry 0 .* is missing"),
        ("UPDATE signing_log SET entry = x'00' WHERE place = 1", "entry 1 .* was changed"),
    ],
)
async def test_nothing_is_signed_on_top_of_a_changed_log(
    open_log: Callable[[], SqlLog], database: sa.Engine, change: str, why: str
) -> None:
    log = open_log()
    for number in range(3):
        await log.append(b"%d" % number)
    with database.begin() as connection:
        connection.exec_driver_sql(change)
    with pytest.raises(VerificationFailed, match=why):
        await open_log().append(b"next")


async def test_a_database_that_cannot_be_written_stops_signing_and_then_goes_on(
    open_log: Callable[[], SqlLog], database: sa.Engine
) -> None:
    log = open_log()
    await log.append(b"one")
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE signing_log RENAME TO away")
    with pytest.raises(Unavailable, match="cannot be written"):
        await log.append(b"two")
    with database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO signing_log")
    await log.append(b"two")
    assert len(read_log(database)) == 2
