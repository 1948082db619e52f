from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.history import FindingsHistory
from idp.capabilities.scanning.reports import Finding, complete, incomplete
from idp.kernel.database import open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlalchemy.Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    yield engine
    engine.dispose()


@pytest.fixture
def history(database: sqlalchemy.Engine) -> FindingsHistory:
    return FindingsHistory(database)


A = Finding(id="A-1", package="flask", version="1.0", severity=7.5, summary="Bad")
B = Finding(id="B101", location="/app/a.py:1", severity=0.1)


def test_first_and_last_time_are_kept(history: FindingsHistory) -> None:
    history.record("demo", "hello", "sha256:1", "2026-01-01T00:00:00Z", [complete("x", "1", [A])])
    history.record(
        "demo", "hello", "sha256:2", "2026-01-02T00:00:00Z", [complete("x", "1", [A, B])]
    )
    first, second = history.of("demo", "hello")
    assert (first.finding, first.first_seen, first.last_seen) == (
        "A-1",
        "2026-01-01T00:00:00Z",
        "2026-01-02T00:00:00Z",
    )
    assert (first.first_image, first.last_image) == ("sha256:1", "sha256:2")
    assert (second.finding, second.location) == ("B101", "/app/a.py:1")


def test_what_is_gone_keeps_its_last_time(history: FindingsHistory) -> None:
    history.record("demo", "hello", "sha256:1", "2026-01-01T00:00:00Z", [complete("x", "1", [A])])
    history.record("demo", "hello", "sha256:2", "2026-01-02T00:00:00Z", [complete("x", "1", [])])
    (gone,) = history.of("demo", "hello")
    assert gone.last_image == "sha256:1"


def test_recording_again_changes_nothing(history: FindingsHistory) -> None:
    for _ in range(2):
        history.record("demo", "hello", "sha256:1", "t", [incomplete("x", "y", findings=[A, A])])
    assert len(history.of("demo", "hello")) == 1


def test_applications_are_apart(history: FindingsHistory) -> None:
    history.record("demo", "hello", "sha256:1", "t", [complete("x", "1", [A])])
    assert history.of("demo", "other") == []
    assert history.of("other", "hello") == []
