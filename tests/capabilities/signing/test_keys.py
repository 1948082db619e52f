from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from idp.capabilities.signing.keys import KEY_FILE, PASSWORD_FILE, open_signer
from idp.kernel.errors import MissingPrerequisite, VerificationFailed


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = open_signer(folder)
    assert open_signer(folder).public_key == first.public_key
    assert sorted(path.name for path in folder.iterdir()) == [KEY_FILE, PASSWORD_FILE]


def test_the_files_are_private(tmp_path: Path) -> None:
    open_signer(tmp_path / "keys")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_the_key_is_encrypted(tmp_path: Path) -> None:
    open_signer(tmp_path)
    assert (tmp_path / KEY_FILE).read_text().startswith("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY")
    (tmp_path / PASSWORD_FILE).write_bytes(b"another")
    with pytest.raises(VerificationFailed, match="password is wrong"):
        open_signer(tmp_path)


def test_a_crash_between_password_and_key_is_completed(tmp_path: Path) -> None:
    (tmp_path / PASSWORD_FILE).write_bytes(b"secret")
    (tmp_path / PASSWORD_FILE).chmod(0o600)
    key = open_signer(tmp_path)
    assert (tmp_path / PASSWORD_FILE).read_bytes() == b"secret"
    assert open_signer(tmp_path).public_key == key.public_key


def test_a_key_without_its_password_is_not_replaced(tmp_path: Path) -> None:
    open_signer(tmp_path)
    before = (tmp_path / KEY_FILE).read_bytes()
    (tmp_path / PASSWORD_FILE).unlink()
    with pytest.raises(MissingPrerequisite, match="is missing"):
        open_signer(tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == before


@pytest.mark.parametrize("name", [KEY_FILE, PASSWORD_FILE])
def test_files_that_others_can_read_are_refused(tmp_path: Path, name: str) -> None:
    open_signer(tmp_path)
    (tmp_path / name).chmod(0o640)
    with pytest.raises(MissingPrerequisite, match="mode 0640"):
        open_signer(tmp_path)


def test_those_who_create_at_once_get_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(open_signer, [tmp_path] * 4))
    assert len({key.public_key for key in opened}) == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        open_signer(tmp_path)
    assert list(tmp_path.iterdir()) == []
