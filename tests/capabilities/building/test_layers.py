"""Layers depend on nothing but their content; the cache never gives a half or damaged one."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from idp.capabilities.building import layer_cache
from idp.capabilities.building.layer_cache import LayerCache
from idp.capabilities.building.layers import Entry, Layer, write_layer
from idp.protocols.oci.reference import digest_of

ENTRIES = [
    Entry("app/b.txt", b"bytes"),
    Entry("app/a/run", "text", executable=True),
    Entry("app/link", "a/run", link=True),
]


def test_digest_diff_id_and_size_are_those_of_the_file(tmp_path: Path) -> None:
    layer = write_layer(tmp_path / "layer", ENTRIES)
    content = layer.path.read_bytes()
    assert layer.digest == digest_of(content)
    assert layer.diff_id == digest_of(gzip.decompress(content))
    assert layer.size == len(content)


def test_the_order_of_entries_does_not_matter(tmp_path: Path) -> None:
    one = write_layer(tmp_path / "one", ENTRIES)
    two = write_layer(tmp_path / "two", reversed(ENTRIES))
    assert one.digest == two.digest


def test_dates_modes_and_owners_of_files_do_not_matter(tmp_path: Path) -> None:
    digests = set()
    for number, mode in enumerate((0o600, 0o644, 0o666)):
        file = tmp_path / f"file{number}"
        file.write_bytes(b"same")
        file.chmod(mode)
        os.utime(file, (number * 1000, number * 1000))
        digests.add(write_layer(tmp_path / "layer", [Entry("x", file)]).digest)
    assert len(digests) == 1


def test_entries_are_roots_and_dated_at_the_epoch(tmp_path: Path) -> None:
    layer = write_layer(tmp_path / "layer", ENTRIES)
    with tarfile.open(layer.path) as archive:
        members = archive.getmembers()
    assert [(m.name, m.mode, m.type) for m in members] == [
        ("app", 0o755, tarfile.DIRTYPE),
        ("app/a", 0o755, tarfile.DIRTYPE),
        ("app/a/run", 0o755, tarfile.REGTYPE),
        ("app/b.txt", 0o644, tarfile.REGTYPE),
        ("app/link", 0o777, tarfile.SYMTYPE),
    ]
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", 0)}


def test_long_names_are_kept(tmp_path: Path) -> None:
    name = "app/" + "/".join("x" * 90 for _ in range(4))
    layer = write_layer(tmp_path / "layer", [Entry(name, b"")])
    with tarfile.open(layer.path) as archive:
        assert archive.getnames()[-1] == name


def made(tmp_path: Path, text: str = "x") -> Layer:
    return write_layer(tmp_path / "work", [Entry("x", text)])


def test_a_kept_layer_is_given_back(tmp_path: Path) -> None:
    cache = LayerCache(tmp_path / "cache")
    assert cache.get("key") is None
    kept = cache.put("key", made(tmp_path))
    assert cache.get("key") == kept
    assert hashlib.sha256(kept.path.read_bytes()).hexdigest() in kept.digest
    assert not (tmp_path / "work").exists()


def test_what_a_dying_build_left_is_no_layer(tmp_path: Path) -> None:
    cache = LayerCache(tmp_path / "cache")
    kept = cache.put("key", made(tmp_path))
    kept.path.write_bytes(b"half")
    assert cache.get("key") is None
    cache.put("key", made(tmp_path)).path.with_suffix(".json").unlink()
    assert cache.get("key") is None
    cache.put("key", made(tmp_path)).path.with_suffix(".json").write_text("{}")
    assert cache.get("key") is None
    cache.drop("key")
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_oldest_layers_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = LayerCache(tmp_path / "cache")
    size = cache.put("a", made(tmp_path)).size
    for age, key in ((300, "a"), (200, "b"), (100, "c")):
        path = cache.put(key, made(tmp_path)).path
        os.utime(path, (10_000 - age, 10_000 - age))
    monkeypatch.setattr(layer_cache, "_MAX_BYTES", 3 * size)
    cache.put("d", made(tmp_path))
    assert [cache.get(key) is None for key in "abcd"] == [True, False, False, False]
