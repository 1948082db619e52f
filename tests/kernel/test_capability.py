from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from idp.kernel import capability
from idp.kernel.capability import Capability, Context, Remote, load
from idp.kernel.memory_client import MemoryClient


@dataclass(frozen=True)
class Entry:
    """An entry point as `importlib.metadata` gives it."""

    name: str
    value: Capability

    def load(self) -> Capability:
        return self.value


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    entries: list[Entry] = []

    def entry_points(group: str) -> Sequence[Entry]:
        assert group == "idp.capabilities"
        return entries

    monkeypatch.setattr(capability, "entry_points", entry_points)
    return entries


def test_installed_capabilities_follow_the_built_in_ones(installed: list[Entry]) -> None:
    built_in = [Capability("applications"), Capability("promotion")]
    installed += [Entry("zebra", Capability("zebra")), Entry("audit", Capability("audit"))]
    names = [loaded.name for loaded in load(built_in)]
    assert names == ["applications", "promotion", "audit", "zebra"]


def test_an_installed_capability_does_not_replace_a_built_in_one(installed: list[Entry]) -> None:
    built_in = Capability("promotion")
    installed.append(Entry("promotion", Capability("promotion", commands=(("a", "b:c"),))))
    assert load([built_in]) == [built_in]


def context(tmp_path: Path) -> Context:
    remote = Remote("http://127.0.0.1:8600", "instance", "hunter2")
    values: dict[str, Any] = {
        "environment": "uat",
        "data": tmp_path,
        "client": MemoryClient(),
        "database": sqlalchemy.create_engine("sqlite://"),
        "registry": remote,
        "git": remote,
        "gateway_port": 8080,
        "signer": None,
        "trusted_keys": {},
    }
    return Context(**values)


def test_a_capability_registers_only_what_it_has(tmp_path: Path) -> None:
    empty = Capability("empty")
    assert (list(empty.controllers(context(tmp_path))), list(empty.manifests("uat"))) == ([], [])
    assert list(empty.steps(context(tmp_path))) == []


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    assert "hunter2" not in repr(context(tmp_path))
