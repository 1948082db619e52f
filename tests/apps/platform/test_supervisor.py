from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from idp.apps.platform.child import describe_exit
from idp.apps.platform.files import read_json
from idp.apps.platform.layout import Layout
from idp.apps.platform.processes import is_running, processes, supervisor_pid
from idp.apps.platform.settings import save_settings, settings_from_port
from idp.apps.platform.supervisor import (
    Child,
    Supervisor,
    hold_lock,
    next_delay,
)
from idp.kernel.errors import AlreadyExists

MODULE = "a_child_of_the_supervisor"
PROGRAM = """
import asyncio
from idp.apps.platform.child import until_stopped

def main():
    print("up", flush=True)
    asyncio.run(until_stopped())
"""


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
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    layout = Layout(tmp_path)
    save_settings(layout, settings_from_port(9600))
    (tmp_path / f"{MODULE}.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    return layout


def one_child(layout: Layout) -> Supervisor:
    supervisor = Supervisor(layout, preload=())
    supervisor._children = [Child("hub", MODULE)]
    return supervisor


@contextlib.asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[None]:
    task = asyncio.create_task(supervisor.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.01)


def children(layout: Layout) -> dict[str, int]:
    state = read_json(layout.supervisor) or {"children": []}
    return {child["name"]: child["pid"] for child in state["children"] if child["pid"]}


async def test_what_dies_is_started_again(layout: Layout) -> None:
    async with running(one_child(layout)):
        await until(lambda: "hub" in children(layout))
        first = children(layout)["hub"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: children(layout).get("hub", first) != first)
        lock = hold_lock(layout.supervisor_lock)
        assert processes(layout)[0].last_exit == "killed by SIGKILL"
        assert processes(layout)[0].restarts == 1
        second = children(layout)["hub"]
        os.close(lock)
    assert not layout.supervisor.exists()
    assert not _lives(second)


async def test_a_child_has_its_own_session_name_and_log(layout: Layout) -> None:
    async with running(one_child(layout)):
        await until(lambda: "hub" in children(layout))
        child = children(layout)["hub"]
        log = layout.logs / "hub.log"
        await until(lambda: log.exists() and log.read_text() == "up\n")
        assert os.getsid(child) == child
        assert Path(f"/proc/{child}/comm").read_text() == "idp-hub\n"


async def test_a_fork_server_that_dies_takes_nobody_with_it(layout: Layout) -> None:
    async with running(one_child(layout)):
        await until(lambda: "hub" in children(layout))
        first = children(layout)["hub"]
        fork_server = _parent(first)
        os.kill(fork_server, signal.SIGKILL)
        await until(lambda: _parent(first) != fork_server)
        assert children(layout) == {"hub": first}
        os.kill(first, signal.SIGKILL)
        await until(lambda: children(layout).get("hub", first) != first)
        assert read_json(layout.supervisor)["children"][0]["lastExit"] == describe_exit(255)


async def test_children_end_when_the_supervisor_is_killed(layout: Layout) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path;"
        "from idp.apps.platform.layout import Layout;"
        "from idp.apps.platform.supervisor import Child, Supervisor;"
        "sys.path.insert(0, sys.argv[1]);"
        "s = Supervisor(Layout(Path(sys.argv[1])), preload=());"
        f"s._children = [Child('hub', {MODULE!r})];"
        "asyncio.run(s.run())"
    )
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(layout.folder)
    )
    await until(lambda: "hub" in children(layout))
    child = children(layout)["hub"]
    fork_server = _parent(child)
    supervisor.kill()
    await supervisor.wait()
    await until(lambda: not _lives(child) and not _lives(fork_server))


async def test_the_supervisor_imports_nothing_heavy() -> None:
    program = (
        "import sys, idp.apps.platform.supervisor;"
        "print({'pydantic', 'sqlalchemy', 'aiohttp', 'cryptography'} & sys.modules.keys())"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert output.decode().strip() == "set()"


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _lives(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
