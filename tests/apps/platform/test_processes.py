from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from idp.apps.platform import processes
from idp.apps.platform.files import write_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.processes import end_former

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); input()"


def child_of(layout: Layout, program: str, *, cwd: Path) -> subprocess.Popen[bytes]:
    """A process as a supervisor that is gone noted it."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, start_new_session=True, cwd=cwd
    )
    former: dict[str, Any] = {"name": "hub", "pid": process.pid, "restarts": 0, "lastExit": ""}
    write_json(layout.supervisor, {"pid": 1, "children": [former]})
    return process


def test_a_child_that_ends_by_itself_is_waited_for(tmp_path: Path) -> None:
    with child_of(Layout(tmp_path), "input()", cwd=tmp_path) as process:
        assert process.stdin is not None
        process.stdin.close()
        end_former(Layout(tmp_path))
        assert process.wait(10) is not None


def test_one_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.0)
    with child_of(Layout(tmp_path), STUBBORN, cwd=tmp_path) as process:
        end_former(Layout(tmp_path))
        assert process.wait(10) == -9


def test_a_stranger_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    with child_of(Layout(tmp_path), "input()", cwd=Path.cwd()) as process:
        end_former(Layout(tmp_path))
        assert process.poll() is None
        process.kill()


def test_nothing_to_wait_for(tmp_path: Path) -> None:
    end_former(Layout(tmp_path))
