"""The source tree: what is listed, what is never followed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.capabilities.building import source
from idp.capabilities.building.source import SourceFile, scan
from idp.kernel.errors import InvalidInput, TooLarge

Write = Callable[[Path, dict[str, str]], Path]


def test_files_are_listed_in_order_without_what_does_not_belong(
    tmp_path: Path, write_tree: Write
) -> None:
    write_tree(
        tmp_path,
        {
            "b.py": "b",
            "a/x.sh": "xy",
            ".git/config": "secret",
            "a/__pycache__/x.pyc": "",
            "stray.pyc": "",
            ".venv/lib.py": "",
        },
    )
    (tmp_path / "a/x.sh").chmod(0o700)
    assert scan(tmp_path).files == (
        SourceFile("a/x.sh", 2, True),
        SourceFile("b.py", 1, False),
    )


def test_links_inside_the_tree_stay_links(tmp_path: Path, write_tree: Write) -> None:
    write_tree(tmp_path, {"a/real.txt": "x"})
    (tmp_path / "a/link.txt").symlink_to("../a/real.txt")
    tree = scan(tmp_path)
    assert tree.files[0] == SourceFile("a/link.txt", 0, False, "../a/real.txt")
    assert tree.paths() == {"a/real.txt"}
    assert tree.read("a/link.txt", 10) is None


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", ".."])
def test_links_out_of_the_tree_are_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "uv.lock").symlink_to(target)
    with pytest.raises(InvalidInput, match="out of the source"):
        scan(tmp_path)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="pipe"):
        scan(tmp_path)


def test_sizes_are_capped(
    tmp_path: Path, write_tree: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = scan(write_tree(tmp_path, {"a": "123", "b": "456"}))
    with pytest.raises(TooLarge, match="a is larger"):
        tree.read("a", 2)
    monkeypatch.setattr(source, "MAX_BYTES", 5)
    with pytest.raises(TooLarge):
        scan(tmp_path)
    monkeypatch.setattr(source, "MAX_BYTES", 100)
    monkeypatch.setattr(source, "MAX_FILES", 1)
    with pytest.raises(TooLarge):
        scan(tmp_path)


def test_text_must_be_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="UTF-8"):
        scan(tmp_path).read("a", 10)
