"""What a confined program can reach, and what happens to one that hangs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from idp.capabilities.building.clients.sandbox import Command, Sandbox
from idp.kernel.errors import DeadlineExceeded


@pytest.fixture
async def confined() -> Sandbox:
    sandbox = await Sandbox.find()
    if sandbox.name == "none":
        pytest.skip("this machine does not let bubblewrap work")
    return sandbox


def shell(folder: Path, script: str, **more: object) -> Command:
    return Command(("/bin/sh", "-c", script), {"PATH": "/usr/bin:/bin"}, folder, **more)  # type: ignore[arg-type]


async def test_only_named_folders_can_be_written(confined: Sandbox, tmp_path: Path) -> None:
    work, cache, source = (tmp_path / name for name in ("work", "cache", "source"))
    for folder in (work, cache, source):
        folder.mkdir()
    command = shell(
        work,
        f"echo 1 > here; echo 1 > {cache}/there; echo 1 > {source}/no; echo 1 > /usr/no; exit 0",
        readable=(source,),
        writable=(cache,),
    )
    assert (await confined.run(command, timeout=30)).code == 0
    assert (work / "here").exists()
    assert (cache / "there").exists()
    assert not (source / "no").exists()


async def test_other_files_are_out_of_sight(confined: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    (tmp_path / "work").mkdir()
    script = f"cat {tmp_path}/secret /root/.bashrc /etc/shadow; env; ps 2>/dev/null | wc -l"
    finished = await confined.run(shell(tmp_path / "work", script), timeout=30)
    assert "hidden" not in finished.output
    assert "root:" not in finished.output


async def test_the_network_is_out_of_reach_unless_asked_for(
    confined: Sandbox, tmp_path: Path
) -> None:
    interfaces = "cat /proc/net/dev | wc -l"
    alone = await confined.run(shell(tmp_path, interfaces), timeout=30)
    shared = await confined.run(shell(tmp_path, interfaces, network=True), timeout=30)
    assert int(alone.output) <= int(shared.output)
    assert int(alone.output) == 3  # two lines of heading, and the loopback


@pytest.mark.parametrize("name", ["none", "bubblewrap"])
async def test_a_program_that_hangs_is_killed(confined: Sandbox, tmp_path: Path, name: str) -> None:
    sandbox = confined if name == "bubblewrap" else Sandbox(None)
    os.mkfifo(tmp_path / "alive")
    command = shell(tmp_path, "(exec 3> alive; sleep 1000) & sleep 1000")
    reader = asyncio.create_task(asyncio.to_thread((tmp_path / "alive").read_bytes))
    with pytest.raises(DeadlineExceeded, match="sh did not end"):
        await sandbox.run(command, timeout=1)
    assert await reader == b""  # every writer is gone


async def test_output_is_capped(tmp_path: Path) -> None:
    command = shell(tmp_path, "yes | head -c 1000000; echo end; exit 3")
    finished = await Sandbox(None).run(command, timeout=30)
    assert finished.code == 3
    assert finished.output.endswith("end\n")
    assert len(finished.output) <= 64 * 1024
