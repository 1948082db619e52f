"""What is read from the machine: processes, sockets, ports."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from idp.embedded.workloads.pods import proc, process
from idp.embedded.workloads.pods.ports import PortAllocator
from idp.embedded.workloads.pods.process import ProcessId
from idp.embedded.workloads.pods.sandbox.spec import Launch


def test_a_process_is_known_by_its_start() -> None:
    ticks = proc.start_ticks(os.getpid())
    assert ticks is not None
    assert proc.is_same(os.getpid(), ticks)
    assert ProcessId(os.getpid(), ticks, proc.boot_id()).alive
    assert not ProcessId(os.getpid(), ticks + 1, proc.boot_id()).alive
    assert not ProcessId(os.getpid(), ticks, "another run of the machine").alive
    assert proc.start_ticks(2**22 + 1) is None


def test_the_tree_and_its_memory_and_sockets() -> None:
    script = (
        "import socket, subprocess, sys\n"
        "s = socket.create_server(('127.0.0.1', 0)); t = socket.create_server(('127.0.0.1', 0))\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "print(child.pid, s.getsockname()[1], t.getsockname()[1], flush=True)\n"
        "sys.stdin.read(); child.kill(); child.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child, *ports = (int(word) for word in parent.stdout.readline().split())
        assert proc.children(parent.pid) == [child]
        pids = proc.tree(parent.pid)
        assert pids == [parent.pid, child]
        assert proc.memory_bytes(pids) > 2**20
        assert proc.listening_ports(pids) == sorted(ports)
        parent.communicate()
    assert proc.memory_bytes(pids) == 0


def test_ports_are_free_and_given_once() -> None:
    allocator = PortAllocator()
    ports = {allocator.allocate() for _ in range(50)}
    assert len(ports) == 50
    with socket.create_server(("127.0.0.1", min(ports))):
        pass


async def test_a_process_that_could_not_be_noted_is_found(tmp_path: Path) -> None:
    status = tmp_path / "status"
    launch = Launch("/bin/sh", ("idp:test-find:u/c/0", "-c", "sleep 60; true"), {})
    started = process.start(launch, log_path=tmp_path / "log", status_path=status)
    try:
        while proc.arguments(started.id.pid)[:1] != ["idp:test-find:u/c/0"]:
            pass  # between fork and exec
        found = process.find("idp:test-find:u/c/0", status)
        assert found is not None
        assert found.id == started.id
        assert process.find("idp:test-find:u/c/1", status) is None
    finally:
        os.kill(started.id.pid, 9)
        assert await started.wait() is None


async def test_exit_codes_and_output_go_to_files(tmp_path: Path) -> None:
    script = "echo said; echo '{\"exit-code\": 3}' >&9; exit 3"
    launch = Launch("/bin/sh", ("idp:test-exit:u/c/0", "-c", script), {})
    log = tmp_path / "log"
    started = process.start(launch, log_path=log, status_path=tmp_path / "status")
    assert await started.wait() == 3
    assert log.read_text() == "said\n"
    assert not started.id.alive
    assert started.root is None
