"""Which process is Envoy's, and logs that stay small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from idp.embedded.gateway.bootstrap import ACCESS_LOG
from idp.embedded.gateway.logs import cap_logs
from idp.embedded.gateway.process import (
    LOG_FILE,
    PROCESS_FILE,
    EnvoyProcess,
    find_process,
    stop_gateway,
)

Gateway = Any


def test_another_process_with_the_same_id_is_not_envoy(tmp_path: Path) -> None:
    note = {"pid": os.getpid(), "started": 1, "version": "x"}
    (tmp_path / PROCESS_FILE).write_bytes(orjson.dumps(note))
    assert find_process(tmp_path) is None


def test_a_damaged_note_is_no_process(tmp_path: Path) -> None:
    assert find_process(tmp_path) is None
    for content in (b"", b"[]", b'{"pid": 1}'):
        (tmp_path / PROCESS_FILE).write_bytes(content)
        assert find_process(tmp_path) is None


def stubborn_process() -> subprocess.Popen[bytes]:
    """One that ignores SIGTERM. Not asyncio's, whose watcher would collect its exit as well."""
    ignore = "import signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True)\n"
    code = ignore + "while True: signal.pause()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as output:
        output.readline()
    return process


async def test_a_process_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("idp.embedded.gateway.process._STOP_SECONDS", 0.1)
    process = stubborn_process()
    started = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
    envoy = EnvoyProcess(process.pid, started, "x")
    assert envoy.alive()
    await envoy.stop()
    assert not envoy.alive()
    process.poll()


async def test_stopping_ends_envoy(gateway: Gateway) -> None:
    await gateway.until(lambda status, _: status == 404)
    found = find_process(gateway.data)
    assert found is not None
    await found.stop()
    assert not found.alive()


async def test_stopping_nothing_is_fine(tmp_path: Path) -> None:
    await stop_gateway(tmp_path)


async def test_logs_are_turned_over(gateway: Gateway) -> None:
    from idp.embedded.gateway.admin import Admin

    await gateway.until(lambda status, _: status == 404)
    access, own = gateway.data / ACCESS_LOG, gateway.data / LOG_FILE
    own.write_text("x" * 100)
    with access.open("a") as log:
        log.write("x" * 100)
    admin = Admin(gateway.data)
    await cap_logs(gateway.data, admin, [ACCESS_LOG, LOG_FILE], limit=50)
    assert (gateway.data / f"{LOG_FILE}.1").read_text() == "x" * 50
    assert own.stat().st_size == 0
    assert (gateway.data / f"{ACCESS_LOG}.1").exists()
    await gateway.until(lambda _status, _body: access.exists())
