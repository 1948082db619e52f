from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from idp.capabilities.promotion.capability import CAPABILITY
from idp.capabilities.promotion.ledger import Ledger, LedgerEntry
from idp.kernel.database import open_database

ENTRY = LedgerEntry(
    uid="u-1",
    environment="uat",
    namespace="demo",
    application="hello",
    promotion="hello-r1",
    action="promote",
    release="hello-r1",
    release_digest="sha256:r",
    image="image@sha256:i",
    git_commit="c",
    initiator="platform",
    reason="",
    phase="Succeeded",
    message="done",
    policy_version="sha256:p",
    started_at="2026-11-24T10:00:00Z",
    finished_at="2026-11-24T10:01:00Z",
    verdict={"decision": "Allow"},
    approvals={"approvers": ["grace"]},
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    database = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    yield Ledger(database)
    database.dispose()


def test_what_is_recorded_is_read_back(ledger: Ledger) -> None:
    assert ledger.record(ENTRY) is True
    assert ledger.entry("u-1") == ENTRY
    assert ledger.entry("u-2") is None


def test_a_promotion_is_recorded_once_and_never_changed(ledger: Ledger) -> None:
    ledger.record(ENTRY)
    assert ledger.record(replace(ENTRY, phase="Failed")) is False
    assert [e.phase for e in ledger.entries()] == ["Succeeded"]


def test_newest_first_of_one_application(ledger: Ledger) -> None:
    for number in range(5):
        ledger.record(replace(ENTRY, uid=f"u-{number}", application=f"app{number % 2}"))
    assert [e.uid for e in ledger.entries(limit=2)] == ["u-4", "u-3"]
    found = ledger.entries(namespace="demo", application="app1")
    assert [e.uid for e in found] == ["u-3", "u-1"]
    assert ledger.entries(namespace="other") == []


def test_it_survives_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    first = open_database(url, CAPABILITY.migrations)
    Ledger(first).record(ENTRY)
    first.dispose()
    second = open_database(url, CAPABILITY.migrations)
    assert Ledger(second).entry("u-1") == ENTRY
    second.dispose()
