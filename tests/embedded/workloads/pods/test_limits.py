"""How often memory is looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from idp.embedded.workloads.pods import cgroups, proc
from idp.embedded.workloads.pods.limits import Limits
from idp.embedded.workloads.pods.process import Process, ProcessId
from idp.embedded.workloads.pods.quantity import parse_quantity

LIMIT = {"memory": "100Mi"}
BYTES = int(parse_quantity("100Mi"))


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """This test's own process."""
    pid = os.getpid()
    ticks = proc.start_ticks(pid)
    assert ticks is not None
    return Process(ProcessId(pid, ticks, proc.boot_id()), tmp_path / "status")


async def test_what_is_far_below_its_limit_is_looked_at_less_often(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    exceeded: list[int] = []
    present = [0]
    held = iter([BYTES // 4, BYTES // 4, BYTES * 3 // 4, BYTES * 3 // 4, BYTES + 1])

    def memory_bytes(pids: list[int]) -> int:
        looks.append(present[0])
        return next(held)

    monkeypatch.setattr(proc, "memory_bytes", memory_bytes)
    limits = Limits(cgroups.ControlGroups(None))
    limits.hold(process, "one", LIMIT, exceeded.append)
    for number in range(20):
        present[0] = number
        limits.look()
    assert looks == [0, 5, 10, 11, 12]
    assert exceeded == [BYTES + 1]
