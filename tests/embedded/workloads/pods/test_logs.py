"""Logs are cut, kept and read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.workloads.pods.folders import PodFolder
from idp.embedded.workloads.pods.logs import PodLogs, last_lines, tend
from idp.embedded.workloads.pods.record import ContainerRecord
from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.resource import Manifest

POD: Manifest = {"metadata": {"namespace": "demo", "name": "web", "uid": "u"}}


def container(data: Path, name: str = "main") -> Path:
    """A container that has run once; gives its log."""
    folder = PodFolder.of(data, POD).container(name)
    record = ContainerRecord.load(folder.record)
    record.attempt = 0
    record.save()
    return folder.log(0)


async def read(data: Path, container: str | None = None, **options: Any) -> str:
    logs = PodLogs(data)
    return b"".join([c async for c in logs.read("demo", "web", container, **options)]).decode()


async def test_a_full_log_is_cut_and_still_read(tmp_path: Path) -> None:
    log = container(tmp_path)
    writer = log.open("a")
    writer.write("one\ntwo\n")
    writer.flush()
    tend(log, 5, now=1.0)
    assert log.read_text() == ""
    writer.write("three\n")
    writer.close()
    assert await read(tmp_path) == "one\ntwo\nthree\n"
    assert await read(tmp_path, tail_lines=2) == "two\nthree\n"
    assert await read(tmp_path, tail_lines=0) == ""


async def test_since(tmp_path: Path) -> None:
    log, now = container(tmp_path), time.time()
    log.write_text("old\n")
    tend(log, 100, now=now - 60)
    with log.open("a") as writer:
        writer.write("new\n")
    tend(log, 100, now=now - 5)
    assert await read(tmp_path, since_seconds=30) == "new\n"
    assert await read(tmp_path, since_seconds=600) == "old\nnew\n"
    assert await read(tmp_path, since_seconds=1) == ""
    tend(log, 1, now=now)
    with log.open("a") as writer:
        writer.write("newest\n")
    assert await read(tmp_path, since_seconds=30) == "new\nnewest\n"


async def test_which_container(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await read(tmp_path)
    container(tmp_path, "a").write_text("from a")
    container(tmp_path, "b").write_text("from b")
    assert await read(tmp_path, "b") == "from b"
    with pytest.raises(InvalidInput, match="a, b"):
        await read(tmp_path)
    for name in ("c", "../../x", ""):
        with pytest.raises(NotFound):
            await read(tmp_path, name)


async def test_names_are_not_paths(tmp_path: Path) -> None:
    container(tmp_path).write_text("x")
    chunks = PodLogs(tmp_path).read("..", "demo_web", "main")
    with pytest.raises(NotFound):
        await anext(aiter(chunks))


def test_last_lines_are_few_and_hold_no_secrets(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    assert last_lines(log) == ""
    log.write_text("\n".join(f"line {n}" for n in range(5000)) + "\nBearer abcdef123456\n")
    lines = last_lines(log).splitlines()
    assert lines[0] == "line 4991"
    assert len(lines) == 10
    assert "abcdef123456" not in lines[-1]


def test_marks_stay_small(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    marks = tmp_path / "0.log.marks"
    marks.write_text("1 1\n" * 20_000)
    log.write_text("x" * 10)
    tend(log, 100, now=5.0)
    assert marks.stat().st_size < 64 * 1024
    assert marks.read_text().splitlines()[-1] == "5 10"
