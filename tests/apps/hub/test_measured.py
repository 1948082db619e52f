"""What is measured on this machine: requests from the gateway's log, processes from `/proc`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.apps.hub import measured
from idp.apps.hub.views.metrics import describe
from idp.apps.platform.layout import InstanceLayout
from idp.embedded.workloads.pods import proc

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def line(second: int, application: str = "demo/hello:80", **fields: Any) -> bytes:
    time = datetime.fromtimestamp(START.timestamp() + second, UTC)
    entry = {"time": time.isoformat(), "application": application, "status": 200, "milliseconds": 5}
    return orjson.dumps({**entry, **fields}) + b"\n"


@pytest.fixture
def instance(tmp_path: Path) -> InstanceLayout:
    found = InstanceLayout(tmp_path)
    found.gateway.mkdir()
    return found


def test_without_a_log_nothing_is_measured(instance: InstanceLayout) -> None:
    found = measured.requests(instance, "demo", "hello", 0)
    assert (found.minutes, found.measured) == ([], False)


def test_requests_are_counted_by_minute_from_both_files(instance: InstanceLayout) -> None:
    (instance.gateway / "access.log.1").write_bytes(line(-90) + line(-30) + line(1))
    (instance.gateway / "access.log").write_bytes(
        line(2, status=503, milliseconds=100)
        + line(3, status=0)
        + line(61, "demo/other:80")
        + line(62, "demo/hello-two:80")
        + b"not an entry\n"
        + line(63)
    )
    found = measured.requests(instance, "demo", "hello", START.timestamp() - 60)
    told = [(m.start - START.timestamp(), m.requests, m.errors) for m in found.minutes]
    assert told == [(-60, 1, 0), (0, 3, 2), (60, 1, 0)]
    assert (found.complete, found.measured) == (True, True)


def test_a_log_that_is_too_long_says_that_it_is_not_whole(
    instance: InstanceLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "LOG_TAIL", 2000)
    monkeypatch.setattr(measured, "_CHUNK", 300)
    (instance.gateway / "access.log").write_bytes(b"".join(line(n) for n in range(100)))
    found = measured.requests(instance, "demo", "hello", 0)
    counted = sum(minute.requests for minute in found.minutes)
    assert not found.complete
    assert 10 < counted < 30
    # The newest are those that count.
    assert found.minutes[-1].start == int(START.timestamp()) + 60


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.sampled_from([0.01, 0.5, 0.95, 0.99])
)
def test_a_percentile_is_the_smallest_that_covers_its_share(
    values: list[float], share: float
) -> None:
    found = measured.percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values)


def test_no_value_has_no_percentile() -> None:
    assert measured.percentile([], 0.5) is None


def test_processes_of_a_replica_are_counted_while_they_are_the_same(
    instance: InstanceLayout,
) -> None:
    ticks = proc.start_ticks(os.getpid())

    def record(pod: str, pid: int, started: int | None) -> None:
        folder = instance.workloads / "pods" / f"demo_{pod}_uid" / "containers" / "app"
        folder.mkdir(parents=True)
        process = {"pid": pid, "ticks": started}
        body = {"process": process, "started_at": "2026-01-01T00:00:00Z"}
        (folder / "record.json").write_bytes(orjson.dumps(body))

    record("hello-abc-x1", os.getpid(), ticks)
    record("hello-abc-x2", os.getpid(), -1)
    record("hello-two-abc-x3", os.getpid(), ticks)
    (replica,) = measured.replicas(instance, "demo", "hello")
    assert replica.pod == "hello-abc-x1"
    assert replica.memory > 0
    assert replica.cpu_seconds > 0
    assert replica.processes >= 1


def test_every_minute_is_shown_and_the_whole_is_summed_up() -> None:
    minute = measured.Minute(int(START.timestamp()) + 60, 2, 1, [10.0, 30.0])
    found = measured.Requests([minute], complete=True, measured=True)
    view = describe("uat", START, START, 3, found, [])
    assert [m.requests for m in view.minutes] == [0, 2, 0]
    assert [m.median for m in view.minutes] == [None, 10.0, None]
    assert (view.requests, view.errors, view.median, view.p99) == (2, 1, 10.0, 30.0)
