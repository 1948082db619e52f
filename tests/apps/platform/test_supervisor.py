from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.apps.platform.files import read_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.process import describe_exit
from idp.apps.platform.processes import is_running, processes, supervisor_pid
from idp.apps.platform.settings import save_settings, settings_from_port
from idp.apps.platform.supervisor import (
    Child,
    Supervisor,
    hold_lock,
    next_delay,
)
from idp.kernel.errors import AlreadyExists

CHILD = "import sys; sys.stdin.read()"


@pytest.mark.parametrize(
    ("former", "lived", "expected"), [(0.2, 1, 0.4), (8, 1, 10), (10, 1, 10), (10, 61, 0.2)]
)
def test_the_pause_grows_and_is_forgotten(former: float, lived: float, expected: float) -> None:
    assert next_delay(former, lived) == expected


def test_exits_are_described() -> None:
    assert describe_exit(-9) == "killed by SIGKILL"
    assert describe_exit(3) == "exit code 3"


def test_one_supervisor_per_folder(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert not is_running(layout)
    lock = hold_lock(layout.supervisor_lock)
    assert is_running(layout)
    with pytest.raises(AlreadyExists):
        hold_lock(layout.supervisor_lock)
    os.close(lock)
    assert not is_running(layout)
    assert supervisor_pid(layout) is None


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    save_settings(layout, settings_from_port(9600))
    return layout


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.01)


def children(layout: Layout) -> dict[str, int]:
    state = read_json(layout.supervisor) or {"children": []}
    return {child["name"]: child["pid"] for child in state["children"] if child["pid"]}


async def test_what_dies_is_started_again(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor = Supervisor(layout)
    monkeypatch.setattr(supervisor, "_children", [Child("hub", [sys.executable, "-c", CHILD])])
    lock = hold_lock(layout.supervisor_lock)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: "hub" in children(layout))
    first = children(layout)["hub"]
    os.kill(first, signal.SIGKILL)
    await until(lambda: children(layout).get("hub", first) != first)
    assert processes(layout)[0].last_exit == "killed by SIGKILL"
    assert processes(layout)[0].restarts == 1
    second = children(layout)["hub"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not layout.supervisor.exists()
    assert not Path(f"/proc/{second}").exists()
    os.close(lock)


async def test_children_end_when_the_supervisor_is_killed(layout: Layout) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path;"
        "from idp.apps.platform.layout import Layout;"
        "from idp.apps.platform.supervisor import Child, Supervisor;"
        "s = Supervisor(Layout(Path(sys.argv[1])));"
        f"s._children = [Child('hub', [sys.executable, '-c', {CHILD!r}])];"
        "asyncio.run(s.run())"
    )
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(layout.folder)
    )
    await until(lambda: "hub" in children(layout))
    child = children(layout)["hub"]
    supervisor.kill()
    await supervisor.wait()
    await until(lambda: not _lives(child))


def _lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
