from __future__ import annotations

from pathlib import Path

from idp.embedded.controlplane.binaries import Binaries
from idp.embedded.controlplane.commands import apiserver_command, audit_policy, etcd_command

BINARIES = Binaries(Path("/assets"))


def test_etcd_has_no_port() -> None:
    """It asks nobody who he is: only who may enter the folder may reach it."""
    command = etcd_command(BINARIES)
    listening = [a for a in command if a.startswith(("--listen-client", "--listen-peer"))]
    assert len(listening) == 2
    assert all("=unix://" in argument for argument in listening)


def test_the_api_listens_on_loopback_and_asks_for_rights() -> None:
    command = apiserver_command(BINARIES, port=1234, issuer="https://issuer")
    assert {"--bind-address=127.0.0.1", "--secure-port=1234"} <= set(command)
    assert "--authorization-mode=RBAC" in command
    assert "--service-account-issuer=https://issuer" in command


def test_paths_are_relative() -> None:
    """A Unix socket's path has room for 107 bytes."""
    commands = etcd_command(BINARIES)[1:] + apiserver_command(BINARIES, port=1, issuer="i")[1:]
    assert not [argument for argument in commands if "=/" in argument]


def test_the_audit_holds_no_content_of_objects() -> None:
    assert {rule["level"] for rule in audit_policy()["rules"]} == {"None", "Metadata"}
    assert audit_policy()["rules"][-1] == {"level": "Metadata"}
