"""A backup file is whole, private, and nothing else than what was put into it."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.apps.backup import archive
from idp.kernel.errors import (
    AlreadyExists,
    IdpError,
    InvalidInput,
    MissingPrerequisite,
    VerificationFailed,
)

NAMES = ("apiserver/objects.db", "keys/trusted.json")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {name: tmp_path / "in" / name for name in NAMES}
    for name, path in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 5000)
    return found


def written(files: dict[str, Path], file: Path) -> archive.Manifest:
    manifest = archive.describe(files, "instance", "uat", "ab" * 32, "2026-01-01T00:00:00Z")
    archive.write(file, manifest, files)
    return manifest


def test_what_was_written_is_read(tmp_path: Path, files: dict[str, Path]) -> None:
    manifest = written(files, tmp_path / "backup")
    assert archive.read(tmp_path / "backup", tmp_path / "out") == manifest
    for name, path in files.items():
        assert (tmp_path / "out" / name).read_bytes() == path.read_bytes()
        assert stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".*"))


def test_a_file_that_is_there_stays(tmp_path: Path, files: dict[str, Path]) -> None:
    (tmp_path / "backup").write_text("mine")
    with pytest.raises(AlreadyExists):
        written(files, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "mine"


def test_a_folder_that_is_missing_is_named(tmp_path: Path, files: dict[str, Path]) -> None:
    with pytest.raises(MissingPrerequisite, match="cannot be written"):
        written(files, tmp_path / "nowhere" / "backup")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_flipped_byte_is_found(tmp_path: Path, files: dict[str, Path], part: float) -> None:
    file = tmp_path / "backup"
    written(files, file)
    content = bytearray(file.read_bytes())
    content[int(len(content) * part)] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(VerificationFailed, match="is damaged"):
        archive.read(file)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_found(tmp_path: Path, files: dict[str, Path], part: float) -> None:
    file = tmp_path / "backup"
    written(files, file)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])
    with pytest.raises(VerificationFailed, match="is damaged"):
        archive.read(file)


def test_something_else_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InvalidInput, match="no backup"):
        archive.read(tmp_path / "text")
    with pytest.raises(MissingPrerequisite, match="there is no"):
        archive.read(tmp_path / "nothing")


Change = Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]


def repacked(file: Path, change: Change) -> None:
    """Write the members of an archive again, changed, with checksums of gzip and tar in order."""
    with tarfile.open(file) as found:
        members = [(m.name, e.read()) for m in found if (e := found.extractfile(m))]
    with gzip.open(file, "wb") as packed, tarfile.open(fileobj=packed, mode="w") as target:
        for name, content in change(members):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda m: m[:-1], VerificationFailed, "is missing"),
        (lambda m: [*m, ("keys/more", b"")], VerificationFailed, "not what the manifest lists"),
        (lambda m: [*m[:-1], (m[-1][0], m[-1][1][::-1])], VerificationFailed, "another SHA-256"),
        (lambda m: [*m[:-1], ("../outside", m[-1][1])], VerificationFailed, "not what"),
        (lambda m: m[1:], InvalidInput, "no backup"),
        (
            lambda m: [(m[0][0], m[0][1].replace(b"keys/tr", b"../../x")), *m[1:]],
            VerificationFailed,
            "manifest cannot be read",
        ),
        (
            lambda m: [(m[0][0], m[0][1].replace(b"keys/tr", b"keys/../..")), *m[1:]],
            VerificationFailed,
            "is damaged",
        ),
        (
            lambda m: [(m[0][0], m[0][1].replace(b'"format":1', b'"format":2')), *m[1:]],
            MissingPrerequisite,
            "has format 2, this version knows 1",
        ),
    ],
)
def test_a_forged_archive_is_refused(
    tmp_path: Path, files: dict[str, Path], change: Change, error: type[IdpError], text: str
) -> None:
    file = tmp_path / "backup"
    written(files, file)
    repacked(file, change)
    with pytest.raises(error, match=text):
        archive.read(file, tmp_path / "out")
