"""All of the new state or all of the former one, wherever it is killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.apps.backup import swap

OLD = {"data/a": "old", "data/b": "old", "history": "old", "history-wal": "old"}
NEW = {"data/a": "new", "history": "new", "keys/k": "new"}
REPLACED = ("data", "history", "history-wal", "keys")


class Killed(BaseException):
    """Stands for `kill -9`: nothing behind it runs."""


def fill(folder: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "instance"
    fill(folder, {**OLD, "other": "stays"})
    fill(folder / ".restoring", NEW)
    return folder


def replace(folder: Path) -> None:
    swap.replace(folder, folder / ".restoring", REPLACED)


def replace_and_keep(folder: Path) -> None:
    replace(folder)
    swap.keep(folder)


def replace_and_put_back(folder: Path) -> None:
    replace(folder)
    fill(folder, {"data/log": "of the run that failed", "history-wal": "too"})
    swap.put_back(folder)


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch, action: Callable[[], None]) -> bool:
    """Run, and be killed before the rename of this number; tells whether it came to that."""
    rename, done = Path.rename, 0

    def counted(path: Path, target: Path) -> Path:
        nonlocal done
        done += 1
        if done > step:
            raise Killed
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", counted)
        patch.setattr(Path, "replace", counted)
        try:
            action()
        except Killed:
            return True
    return False


def test_the_new_state_takes_the_place(folder: Path) -> None:
    replace(folder)
    assert content(folder) == {**NEW, "other": "stays"}
    swap.settle(folder)
    assert content(folder) == {**NEW, "other": "stays"}
    swap.keep(folder)
    assert content(folder) == {**NEW, "other": "stays"}
    assert not list(folder.glob(".*"))


def test_it_can_be_put_back(folder: Path) -> None:
    replace_and_put_back(folder)
    assert content(folder) == {**OLD, "other": "stays"}
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("work", [replace_and_keep, replace_and_put_back])
def test_killed_anywhere_it_is_one_of_the_two(
    folder: Path, monkeypatch: pytest.MonkeyPatch, work: Callable[[Path], None]
) -> None:
    pristine = folder.with_name("pristine")
    shutil.copytree(folder, pristine)
    step, seen = 0, []
    while kill_at(step, monkeypatch, lambda: work(folder)):
        # The next start is killed too, once, and the one after that is not.
        kill_at(step % 3, monkeypatch, lambda: swap.settle(folder))
        swap.settle(folder)
        found = content(folder)
        found.pop("data/log", None)
        found.pop("other")
        if found.get("history") == "new":
            found.pop("history-wal", None)  # of the run between
        assert found in (OLD, NEW), f"killed at rename {step}: {found}"
        seen.append("new" if found == NEW else "old")
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        step += 1
    assert step > 5
    assert "new" in seen
    assert seen[0] == "old"


def test_a_restore_begins_after_one_that_was_killed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pristine = folder.with_name("pristine")
    shutil.copytree(folder, pristine)
    step = 0
    while kill_at(step, monkeypatch, lambda: replace_and_keep(folder)):
        shutil.rmtree(folder / ".restoring", ignore_errors=True)
        fill(folder / ".restoring", NEW)
        replace_and_keep(folder)
        assert content(folder) == {**NEW, "other": "stays"}
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        step += 1
    assert step > 5
