from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.apps.platform.clusters import connections
from idp.kernel.errors import MissingPrerequisite

NAMES = ("development", "production")


def config(**changes: Any) -> dict[str, Any]:
    """A kubeconfig with a context per environment; `changes` go to that of production."""
    cluster, user = changes.get("cluster", {}), changes.get("user", {})
    return {
        "clusters": [
            {"name": "d", "cluster": {"server": "https://d:6443"}},
            {"name": "p", "cluster": {"server": "https://p:6443", **cluster}},
        ],
        "users": [
            {"name": "d", "user": {"token": "t"}},
            {"name": "p", "user": {"token": "t", **user}},
        ],
        "contexts": [
            {"name": name, "context": {"cluster": name[0], "user": name[0]}} for name in NAMES
        ],
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config"


def test_every_environment_has_its_own_server(path: Path) -> None:
    path.write_text(yaml.safe_dump(config()))
    found = connections(path, NAMES)
    assert [connection.server for connection in found.values()] == [
        "https://d:6443",
        "https://p:6443",
    ]


def test_a_missing_context_is_named(path: Path) -> None:
    path.write_text(yaml.safe_dump(config()))
    with pytest.raises(MissingPrerequisite, match="no context named staging, uat") as raised:
        connections(path, (*NAMES, "staging", "uat"))
    assert "rename-context" in str(raised.value.remedy)


def test_one_server_for_two_is_refused(path: Path) -> None:
    path.write_text(yaml.safe_dump(config(cluster={"server": "https://d:6443/"})))
    with pytest.raises(MissingPrerequisite, match="are one server, https://d:6443") as raised:
        connections(path, NAMES)
    assert "namespaces do not keep" in str(raised.value.remedy)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"user": {"exec": {"command": "aws"}}}, "exec"),
        ({"user": {"username": "x"}}, "username"),
        ({"cluster": {"insecure-skip-tls-verify": True}}, "insecure-skip-tls-verify"),
        ({"cluster": {"proxy-url": "http://x"}}, "proxy-url"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    path: Path, changes: dict[str, Any], named: str
) -> None:
    path.write_text(yaml.safe_dump(config(**changes)))
    with pytest.raises(MissingPrerequisite, match=f"production of .* uses {named}"):
        connections(path, NAMES)


@pytest.mark.parametrize(
    "changes", [{"user": {"token": ""}}, {"cluster": {"server": "http://p:8080"}}]
)
def test_nobody_and_nothing_safe_is_refused(path: Path, changes: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(config(**changes)))
    with pytest.raises(MissingPrerequisite, match="cannot be used"):
        connections(path, NAMES)


@pytest.mark.parametrize("text", [None, "", "- a", "a: [", "contexts: 5", "contexts: [5]"])
def test_what_is_no_kubeconfig_is_refused(path: Path, text: str | None) -> None:
    if text is not None:
        path.write_text(text)
    with pytest.raises(MissingPrerequisite):
        connections(path, NAMES)
