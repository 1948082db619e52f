from __future__ import annotations

from pathlib import Path

from idp.capabilities.scanning.workspace import Workspace


def test_a_folder_is_removed_whatever_happens(tmp_path: Path) -> None:
    context = Workspace(tmp_path / "work").folder()
    folder = context.__enter__()
    (folder / "file").write_text("x")
    assert not context.__exit__(RuntimeError, RuntimeError(), None)
    assert not folder.exists()


def test_what_a_killed_process_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "work" / "old").mkdir(parents=True)
    Workspace(tmp_path / "work")
    assert not (tmp_path / "work").exists()
