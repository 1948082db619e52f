from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idp.embedded.apiserver.access.identity import UserInfo
from idp.embedded.apiserver.access.static_tokens import StaticTokens
from idp.kernel.errors import MissingPrerequisite, NotFound


def test_a_token_stands_for_its_user(tmp_path: Path) -> None:
    tokens = StaticTokens(tmp_path / "tokens.json")
    token = tokens.create("alice", ("devs",), uid="u1")
    assert tokens.user_for(token) == UserInfo("alice", "u1", ("devs",))
    assert tokens.user_for(token + "x") is None


def test_only_a_hash_is_kept_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = StaticTokens(path).create("alice")
    assert token.removeprefix("idp_") not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_revoked_token_is_invalid_at_once_in_every_process(tmp_path: Path) -> None:
    server, command = (StaticTokens(tmp_path / "tokens.json") for _ in range(2))
    token, other = command.create("alice"), command.create("bob")
    assert server.user_for(token) is not None
    command.revoke(next(t.id for t in command.list() if t.user == "alice"))
    assert server.user_for(token) is None
    assert server.user_for(other) is not None


def test_an_unknown_token_cannot_be_revoked(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        StaticTokens(tmp_path / "tokens.json").revoke("x")


def test_a_token_expires(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    tokens = StaticTokens(tmp_path / "tokens.json", clock=lambda: now)
    token = tokens.create("alice", lifetime=timedelta(hours=1))
    assert tokens.user_for(token) is not None
    now += timedelta(hours=1)
    assert tokens.user_for(token) is None


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('[{"id": 1}]')
    with pytest.raises(MissingPrerequisite, match=r"tokens\.json"):
        StaticTokens(path).user_for("x")
