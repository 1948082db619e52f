from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from idp.kernel.audit import GENESIS, AuditLog, AuditRecord, link_hash, verify_chain
from idp.kernel.database import open_database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(open_database(f"sqlite:///{tmp_path}/history.db"), lambda: NOON)


def filled(log: AuditLog, count: int = 5) -> AuditLog:
    for number in range(count):
        log.append(f"user-{number}", "create approvals", f"demo/a-{number}", {"number": number})
    return log


def test_a_record_holds_who_did_what_to_what_and_when(log: AuditLog) -> None:
    record = log.append("alice", "create approvals.platform.idp", "demo/a", {"as": "bob"})
    assert list(log.records()) == [record]
    assert (record.sequence, record.time, record.previous_hash) == (
        1,
        "2026-11-24T12:00:00Z",
        GENESIS,
    )


def test_each_record_proves_the_one_before(log: AuditLog) -> None:
    records = list(filled(log).records())
    assert [r.sequence for r in records] == [1, 2, 3, 4, 5]
    assert [r.previous_hash for r in records] == [GENESIS, *(r.hash for r in records[:-1])]
    verdict = log.verify()
    assert (verdict.records, verdict.broken_at, verdict.head) == (5, None, records[-1].hash)


def test_an_empty_chain_holds(log: AuditLog) -> None:
    verdict = log.verify()
    assert (verdict.records, verdict.broken_at, verdict.head) == (0, None, GENESIS)


def test_reading_a_part(log: AuditLog) -> None:
    filled(log)
    assert [r.sequence for r in log.records(after=2, limit=2)] == [3, 4]
    assert [r.sequence for r in log.tail(2)] == [4, 5]
    assert [r.sequence for r in log.tail(99)] == [1, 2, 3, 4, 5]


def test_it_goes_on_after_a_restart(tmp_path: Path, log: AuditLog) -> None:
    filled(log, 2)
    again = AuditLog(open_database(f"sqlite:///{tmp_path}/history.db"))
    assert again.append("alice", "x", "y").sequence == 3
    assert again.verify().broken_at is None


TAMPERING = {
    "actor": ("UPDATE audit SET actor = 'mallory' WHERE sequence = 3", 3, "changed"),
    "facts": ("UPDATE audit SET facts = '{\"number\":9}' WHERE sequence = 3", 3, "changed"),
    "time": ("UPDATE audit SET time = '2020-01-01T00:00:00Z' WHERE sequence = 3", 3, "changed"),
    "action": ("UPDATE audit SET action = 'get' WHERE sequence = 1", 1, "changed"),
    "target": ("UPDATE audit SET target = '' WHERE sequence = 5", 5, "changed"),
    "hash": ("UPDATE audit SET hash = 'x' WHERE sequence = 3", 3, "changed"),
    "link": ("UPDATE audit SET previous_hash = 'x' WHERE sequence = 3", 3, "follow"),
    "removed": ("DELETE FROM audit WHERE sequence = 3", 4, "record 3 is missing"),
    "removed first": ("DELETE FROM audit WHERE sequence = 1", 2, "record 1 is missing"),
    "renumbered": ("UPDATE audit SET sequence = 9 WHERE sequence = 5", 9, "record 5 is missing"),
    "inserted": (
        "INSERT INTO audit SELECT 6, time, actor, action, target, facts, previous_hash, hash "
        "FROM audit WHERE sequence = 5",
        6,
        "follow",
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found_where_it_was_done(tmp_path: Path, log: AuditLog, how: str) -> None:
    statement, position, reason = TAMPERING[how]
    filled(log)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/history.db")
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
    verdict = log.verify()
    assert verdict.broken_at == position
    assert reason in verdict.reason


def test_processes_append_one_after_the_other(tmp_path: Path) -> None:
    """Two engines on one file are to SQLite what two processes are."""
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    logs = [AuditLog(open_database(url)) for _ in range(2)]

    def write(number: int) -> None:
        logs[number % 2].append("a", "b", str(number))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(40)))
    assert logs[0].verify().records == 40
    assert logs[0].verify().broken_at is None


def test_threads_append_one_after_the_other(log: AuditLog) -> None:
    threads = [threading.Thread(target=filled, args=(log, 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = log.verify()
    assert (verdict.records, verdict.broken_at) == (40, None)


FACTS = st.dictionaries(
    st.text(),
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.lists(st.text()),
)
EVENTS = st.lists(st.tuples(st.text(), st.text(), st.text(), FACTS), min_size=1, max_size=6)


def chain(events: list[tuple[str, str, str, dict[str, Any]]]) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for sequence, (actor, action, target, facts) in enumerate(events, start=1):
        previous = records[-1].hash if records else GENESIS
        record = AuditRecord(sequence, "now", actor, action, target, facts, previous, "")
        records.append(replace(record, hash=link_hash(record)))
    return records


CHANGES: list[Callable[[AuditRecord], AuditRecord]] = [
    lambda r: replace(r, actor=r.actor + "x"),
    lambda r: replace(r, action=r.action + "x"),
    lambda r: replace(r, target=r.target + "x"),
    lambda r: replace(r, time=r.time + "x"),
    lambda r: replace(r, facts={**r.facts, "one more": 1}),
    lambda r: replace(r, previous_hash="0" * 63 + "1"),
    lambda r: replace(r, hash="0" * 64),
    lambda r: replace(r, sequence=r.sequence + 1),
]


@given(EVENTS, st.data())
def test_no_change_of_any_record_passes(
    events: list[tuple[str, str, str, dict[str, Any]]], data: st.DataObject
) -> None:
    records = chain(events)
    assert verify_chain(iter(records)).broken_at is None
    position = data.draw(st.integers(0, len(records) - 1))
    changed = data.draw(st.sampled_from(CHANGES))(records[position])
    forged = [*records[:position], changed, *records[position + 1 :]]
    verdict = verify_chain(iter(forged))
    assert verdict.broken_at == changed.sequence
    assert verdict.records == position


@given(EVENTS, st.data())
def test_no_move_of_a_field_into_its_neighbour_passes(
    events: list[tuple[str, str, str, dict[str, Any]]], data: st.DataObject
) -> None:
    record = chain(events)[0]
    moved = replace(record, actor="", action=record.actor + record.action)
    if moved != record:
        assert link_hash(moved) != record.hash


def test_awkward_facts_survive_the_database(log: AuditLog) -> None:
    facts = {"ünïcode": "\x00\n", "nested": {"b": [1, {"c": None}], "a": True}, "": 2**53}
    log.append("a", "b", "c", facts)
    assert next(iter(log.records())).facts == facts
    assert log.verify().broken_at is None
