from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.scanning import layers
from idp.capabilities.scanning.layers import Unpacker
from idp.kernel.errors import IdpError, Invalid, TooLarge


def entry(name: str, content: bytes = b"", **changes: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in changes.items():
        setattr(info, key, value)
    return info, content


def layer(*entries: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return io.BytesIO(gzip.compress(buffer.getvalue(), mtime=0))


@pytest.fixture
def unpacker(tmp_path: Path) -> Unpacker:
    return Unpacker(tmp_path, lambda path: path.endswith(".py"))


def paths(unpacker: Unpacker, *applied: io.BytesIO) -> list[str]:
    for one in applied:
        unpacker.apply(one, gzipped=True)
    return sorted(unpacker.files)


def test_files_are_hashed_and_kept_when_wanted(unpacker: Unpacker, tmp_path: Path) -> None:
    content = layer(entry("./"), entry("./app/a.py", b"one"), entry("/app/b.bin", b"two"))
    assert paths(unpacker, content) == ["app/a.py", "app/b.bin"]
    kept, other = unpacker.files["app/a.py"], unpacker.files["app/b.bin"]
    assert (kept.size, kept.sha256) == (3, hashlib.sha256(b"one").hexdigest())
    assert kept.kept is not None
    assert kept.kept.read_bytes() == b"one"
    assert other.kept is None
    assert list(tmp_path.iterdir()) == [kept.kept]


def test_a_plain_layer_is_read(unpacker: Unpacker) -> None:
    plain = io.BytesIO(gzip.decompress(layer(entry("a", b"x")).getvalue()))
    unpacker.apply(plain, gzipped=False)
    assert list(unpacker.files) == ["a"]


def test_a_later_layer_replaces(unpacker: Unpacker) -> None:
    paths(unpacker, layer(entry("a", b"1")), layer(entry("a", b"22")))
    assert unpacker.files["a"].size == 2


def test_whiteouts_remove_files_and_folders_of_lower_layers(unpacker: Unpacker) -> None:
    lower = layer(entry("a/x", b"1"), entry("a/y", b"1"), entry("b/x", b"1"), entry("c", b"1"))
    upper = layer(entry("a/.wh.x"), entry(".wh.b"))
    assert paths(unpacker, lower, upper) == ["a/y", "c"]


def test_an_opaque_folder_hides_only_lower_layers(unpacker: Unpacker) -> None:
    lower = layer(entry("a/x", b"1"), entry("a/deep/y", b"1"), entry("b", b"1"))
    upper = layer(entry("a/new.py", b"1"), entry("a/.wh..wh..opq"))
    assert paths(unpacker, lower, upper) == ["a/new.py", "b"]


def test_a_whiteout_does_not_hide_a_file_of_its_own_layer(unpacker: Unpacker) -> None:
    assert paths(unpacker, layer(entry("a.py", b"1"), entry(".wh.a.py"))) == ["a.py"]


def test_a_file_replaces_a_folder_and_the_other_way_round(unpacker: Unpacker) -> None:
    assert paths(unpacker, layer(entry("a/x", b"1")), layer(entry("a", b"1"))) == ["a"]
    assert paths(unpacker, layer(entry("a/y", b"1"))) == ["a/y"]


def test_links(unpacker: Unpacker) -> None:
    lower = layer(entry("a.py", b"1"))
    upper = layer(
        entry("b.py", type=tarfile.LNKTYPE, linkname="./a.py"),
        entry("c.py", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("d", type=tarfile.FIFOTYPE),
    )
    assert paths(unpacker, lower, upper) == ["a.py", "b.py"]
    assert unpacker.files["b.py"] == unpacker.files["a.py"]


def test_a_symbolic_link_replaces_a_file(unpacker: Unpacker) -> None:
    link = layer(entry("a", type=tarfile.SYMTYPE, linkname="b"))
    assert paths(unpacker, layer(entry("a", b"1")), link) == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (entry("../a", b"1"), "with the name"),
        (entry("a/../../b", b"1"), "with the name"),
        (entry("a", type=tarfile.LNKTYPE, linkname="nothing"), "not in it"),
        (entry("a", type=tarfile.LNKTYPE, linkname="../x"), "with the name"),
        (entry("a", type=tarfile.GNUTYPE_SPARSE), "sparse"),
        (entry("a\udcff", b"1"), "UTF-8"),
    ],
)
def test_what_an_image_must_not_hold_is_refused(
    unpacker: Unpacker, bad: tuple[tarfile.TarInfo, bytes], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        paths(unpacker, layer(bad))


@pytest.mark.parametrize(
    ("limit", "value"),
    [("MAX_ENTRIES", 1), ("MAX_KEPT_BYTES", 100), ("MAX_UNPACKED_BYTES", -(2**22) + 1024)],
)
def test_limits(
    unpacker: Unpacker, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(layers, limit, value)
    with pytest.raises(TooLarge):
        paths(unpacker, layer(entry("a.py", b"x" * 80), entry("b.py", b"x" * 80)))


def test_a_header_that_asks_for_too_much_at_once_is_refused(unpacker: Unpacker) -> None:
    info = tarfile.TarInfo("a")
    info.pax_headers = {"comment": "x" * (5 * 2**20)}
    with pytest.raises(TooLarge, match="asks for"):
        paths(unpacker, layer((info, b"")))


def test_a_torn_layer_is_refused(unpacker: Unpacker) -> None:
    whole = layer(entry("a.py", bytes(range(256)) * 20)).getvalue()
    with pytest.raises(Invalid, match="not a whole archive"):
        paths(unpacker, io.BytesIO(whole[: len(whole) // 2]))


def test_a_damaged_header_is_not_taken_for_the_end(unpacker: Unpacker) -> None:
    whole = bytearray(gzip.decompress(layer(entry("a.py"), entry("b.py")).getvalue()))
    whole[512] ^= 1
    with pytest.raises(Invalid, match="headers is damaged"):
        unpacker.apply(io.BytesIO(whole), gzipped=False)


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    unpacker = Unpacker(Path("/nonexistent"), lambda path: False)
    try:
        unpacker.apply(io.BytesIO(data), gzipped=False)
    except IdpError:
        return
    assert unpacker.files == {}
