from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.apps.hub.users import FREE_FAILURES, LONGEST_PAUSE, MIGRATIONS, Users, pause_after
from idp.kernel.access import Principal
from idp.kernel.database import open_database
from idp.kernel.errors import Invalid, NotFound, TooManyRequests

PASSWORD = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def users(tmp_path: Path, clock: Clock) -> Iterator[Users]:
    database = open_database(f"sqlite:///{tmp_path / 'hub.db'}", [MIGRATIONS])
    users = Users(database, now=clock)
    users.set_password("maya", PASSWORD, ("idp:developers",))
    yield users
    database.dispose()


def test_the_right_password_gives_the_principal_with_groups(users: Users) -> None:
    assert users.authenticate("maya", PASSWORD) == Principal("maya", ("idp:developers",))


def test_wrong_password_and_unknown_user_give_nobody(users: Users) -> None:
    assert users.authenticate("maya", "wrong") is None
    assert users.authenticate("nobody", PASSWORD) is None


def test_the_password_is_not_in_the_database(users: Users, tmp_path: Path) -> None:
    token, _ = users.open_session("maya")
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert PASSWORD.encode() not in content
    assert token.encode() not in content


def test_a_remembered_password_is_forgotten_when_it_changes(users: Users) -> None:
    assert users.authenticate("maya", PASSWORD) is not None
    users.set_password("maya", "another horse battery")
    assert users.authenticate("maya", PASSWORD) is None
    assert users.names() == {"maya": ("idp:developers",)}


def test_wrong_passwords_lock_the_user_for_a_while(users: Users, clock: Clock) -> None:
    for _ in range(FREE_FAILURES):
        assert users.authenticate("maya", "wrong") is None
    with pytest.raises(TooManyRequests):
        users.authenticate("maya", PASSWORD)
    clock.now += pause_after(FREE_FAILURES) + 0.1
    assert users.authenticate("maya", PASSWORD) is not None


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (9, 16), (100, LONGEST_PAUSE)]
)
def test_the_pause_doubles_up_to_a_cap(failures: int, seconds: float) -> None:
    assert pause_after(failures) == seconds


def test_a_session_ends(users: Users, clock: Clock) -> None:
    token, expires = users.open_session("maya")
    assert users.session(token) == Principal("maya", ("idp:developers",))
    users.close_session(token)
    assert users.session(token) is None
    again, expires = users.open_session("maya")
    clock.now = expires
    assert users.session(again) is None


def test_a_new_password_closes_sessions(users: Users) -> None:
    token, _ = users.open_session("maya")
    users.set_password("maya", "another horse battery")
    assert users.session(token) is None


def test_a_session_needs_a_user(users: Users) -> None:
    with pytest.raises(NotFound):
        users.open_session("nobody")


def test_rules_hold_for_people(users: Users) -> None:
    with pytest.raises(Invalid):
        users.set_password("maya", "short")
    with pytest.raises(Invalid):
        users.set_password("../etc", PASSWORD, ())
