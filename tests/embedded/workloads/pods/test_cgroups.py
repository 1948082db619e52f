"""What is written into a cgroup v2 hierarchy; a folder stands for it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from idp.embedded.workloads.pods.cgroups import ControlGroups, Group, detect


def hierarchy(folder: Path, own: str) -> tuple[Path, Path]:
    """A mount point, and the file that names the engine's own group."""
    mount = folder / "cgroup"
    (mount / own).mkdir(parents=True)
    line = folder / "self"
    line.write_text(f"1:name=systemd:/x\n0::/{own}\n")
    return mount, line


def test_limits_are_written_and_processes_moved(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web/cpu.max").write_text("max 100000")
    group = ControlGroups(tmp_path).group("web", memory=1000, cpu=Decimal("0.5"))
    assert group == Group(tmp_path / "web")
    group.add([42])
    written = {path.name: path.read_text() for path in group.path.iterdir()}
    assert written == {
        "memory.max": "1000",
        "memory.oom.group": "1",
        "memory.swap.max": "0",
        "cpu.max": "50000 100000",
        "cgroup.procs": "42",
    }


@pytest.mark.parametrize(
    ("events", "expected"),
    [("low 0\noom_kill 0\n", False), ("oom 1\noom_kill 1\n", True), (None, False)],
)
def test_the_kernel_tells_why(tmp_path: Path, events: str | None, expected: bool) -> None:
    if events is not None:
        (tmp_path / "memory.events").write_text(events)
    assert Group(tmp_path).out_of_memory is expected


def test_without_limits_or_without_a_hierarchy_there_is_no_group(tmp_path: Path) -> None:
    assert ControlGroups(tmp_path).group("web", memory=None, cpu=None) is None
    assert ControlGroups(None).group("web", memory=1, cpu=None) is None
    assert ControlGroups(tmp_path / "gone").group("web", memory=1, cpu=None) is None


def test_a_place_without_the_memory_controller_is_none(tmp_path: Path) -> None:
    mount, own = hierarchy(tmp_path, "user/session")
    assert detect("idp-x", mount=mount, own=own).group("web", memory=1, cpu=None) is None
    assert not (mount / "user/session/idp-x").exists()
    assert not (mount / "user/idp-x").exists()


def test_the_place_beside_the_own_group_is_taken(tmp_path: Path) -> None:
    mount, own = hierarchy(tmp_path, "user/session")
    (mount / "user/session").chmod(0o755)
    beside = mount / "user/idp-x"
    beside.mkdir()
    (beside / "cgroup.controllers").write_text("cpu memory pids")
    groups = detect("idp-x", mount=mount, own=own)
    assert (beside / "cgroup.subtree_control").read_text() == "+cpu"
    group = groups.group("web", memory=1, cpu=None)
    assert group is not None
    assert group.path == beside / "web"


def test_no_unified_hierarchy_at_all(tmp_path: Path) -> None:
    assert detect("x", mount=tmp_path, own=tmp_path / "none").group("w", memory=1, cpu=None) is None
