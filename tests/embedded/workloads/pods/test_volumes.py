"""Volumes as containers see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.embedded.workloads.pods.environment import PodFacts
from idp.embedded.workloads.pods.sources import Sources
from idp.embedded.workloads.pods.volumes import File, contents, write
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

POD: Manifest = {
    "metadata": {"name": "p", "namespace": "demo", "uid": "u", "labels": {"b": "2", "a": "1"}},
    "spec": {},
}
FACTS = PodFacts(POD, None, "local")
SOURCES = Sources(
    {("ConfigMap", "c"): {"one": b"1", "two": b"2"}, ("Secret", "s"): {"key": b"\x00\xff"}}
)


def texts(volume: Manifest) -> dict[str, tuple[bytes, int]]:
    files = contents(volume, FACTS, SOURCES) or {}
    return {path: (file.content, file.mode) for path, file in files.items()}


def test_contents() -> None:
    assert contents({"emptyDir": {}}, FACTS, SOURCES) is None
    assert texts({"configMap": {"name": "c"}}) == {"one": (b"1", 0o644), "two": (b"2", 0o644)}
    items = [{"key": "two", "path": "deep/er", "mode": 0o600}]
    assert texts({"configMap": {"name": "c", "items": items}}) == {"deep/er": (b"2", 0o600)}
    assert texts({"secret": {"secretName": "s", "defaultMode": 0o400}}) == {
        "key": (b"\x00\xff", 0o400)
    }
    assert texts({"configMap": {"name": "none", "optional": True}}) == {}


def test_several_sources_in_one() -> None:
    field = {"fieldRef": {"fieldPath": "metadata.labels"}}
    sources = [
        {"secret": {"name": "s"}},
        {"downwardAPI": {"items": [{"path": "labels", **field}]}},
    ]
    found = texts({"projected": {"sources": sources, "defaultMode": 0o440}})
    assert found == {"key": (b"\x00\xff", 0o440), "labels": (b'a="1"\nb="2"', 0o440)}


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "none"}}, "does not exist"),
        ({"configMap": {"name": "c", "items": [{"key": "x", "path": "x"}]}}, "no key"),
        ({"configMap": {"name": "c", "items": [{"key": "one", "path": "../x"}]}}, "not inside"),
        ({"configMap": {"name": "c", "items": [{"key": "one", "path": "/x"}]}}, "not inside"),
        ({"configMap": {"name": "c", "items": [{"key": "one", "path": "..data"}]}}, "not inside"),
    ],
)
def test_what_is_refused(volume: Manifest, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        contents(volume, FACTS, SOURCES)


def visible(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith("..")
    }


def test_an_update_replaces_all_at_once(tmp_path: Path) -> None:
    first = {"a": File(b"1", 0o644), "gone": File(b"1", 0o644), "deep/b": File(b"1", 0o600)}
    assert write(tmp_path, first)
    assert not write(tmp_path, first)
    assert visible(tmp_path)["a"] == "1"
    assert (tmp_path / "deep/b").read_text() == "1"
    held = (tmp_path / "a").open()
    assert write(tmp_path, {"a": File(b"2", 0o644), "new": File(b"2", 0o644)})
    assert visible(tmp_path) == {"a": "2", "new": "2"}
    assert held.read() == "1"
    held.close()
    assert len([p for p in tmp_path.iterdir() if p.is_dir() and not p.is_symlink()]) == 1


def test_an_update_that_was_killed_is_made_anew(tmp_path: Path) -> None:
    files = {"a": File(b"1", 0o644)}
    write(tmp_path, files)
    (tmp_path / "..data").unlink()
    (tmp_path / "..data.tmp").symlink_to("nowhere")
    assert write(tmp_path, files)
    assert visible(tmp_path) == {"a": "1"}
