from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from idp.kernel.files import create_file, replace_file


def test_of_many_writers_of_one_file_one_creates_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: create_file(tmp_path / "f", b"%d" % n), range(20)))
    assert made.count(True) == 1
    assert (tmp_path / "f").read_bytes() == b"%d" % made.index(True)
    replace_file(tmp_path / "f", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_bytes() == b"new"


def test_files_and_folders_are_private_unless_told_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    create_file(folder / "secret", b"")
    replace_file(folder / "notice", b"", mode=0o644, durable=False)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"secret": 0o600, "notice": 0o644}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_what_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "f" / "g").mkdir(parents=True)
    with pytest.raises(OSError, match="f"):
        replace_file(tmp_path / "f", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
