from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from idp.apps.hub.access import HubAccess, instance_may
from idp.apps.hub.users import MIGRATIONS, Users
from idp.kernel.access import Action, Principal, Service
from idp.kernel.database import open_database

FIRST = "development"


@pytest.mark.parametrize(
    ("environment", "service", "repository", "action", "may"),
    [
        ("production", "git", "demo/hello", "pull", True),
        ("production", "git", "environments/staging", "pull", True),
        ("production", "git", "environments/production", "push", True),
        ("development", "git", "environments/production", "push", False),
        ("production", "git", "environments/development", "push", False),
        ("development", "git", "demo/hello", "push", False),
        ("development", "registry", "demo/hello", "push", True),
        ("staging", "registry", "demo/hello", "push", False),
        ("staging", "registry", "demo/hello", "attest", True),
        ("development", "registry", "demo/hello", "delete", False),
        ("production", "registry", "demo/hello", "delete", False),
        ("development", "registry", "environments/production", "push", False),
        ("development", "git", "environments/development", "delete", False),
    ],
)
def test_what_instances_may(
    environment: str, service: Service, repository: str, action: Action, may: bool
) -> None:
    assert instance_may(environment, FIRST, service, repository, action) is may


def test_no_instance_writes_what_another_one_runs_from() -> None:
    environments = ("development", "staging", "uat", "production")
    actions: tuple[Action, ...] = ("push", "attest", "delete")
    for mine, other in itertools.permutations(environments, 2):
        for action in actions:
            assert not instance_may(mine, FIRST, "git", f"environments/{other}", action)


class Review:
    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed
        self.asked: list[str] = []

    async def __call__(
        self, principal: Principal, verb: str, namespace: str, application: str
    ) -> bool:
        self.asked.append(verb)
        return verb in self.allowed


@pytest.fixture
def users(tmp_path: Path) -> Users:
    users = Users(open_database(f"sqlite:///{tmp_path / 'hub.db'}", [MIGRATIONS]))
    users.set_password("maya", "correct horse battery", ("idp:developers",))
    return users


@pytest.mark.parametrize(
    ("service", "repository", "action", "may"),
    [
        ("git", "demo/hello", "push", True),
        ("git", "demo/hello", "pull", True),
        ("registry", "demo/hello", "pull", True),
        ("registry", "demo/hello", "push", False),
        ("registry", "demo/hello", "attest", False),
        ("git", "environments/development", "push", False),
        ("git", "environments/development", "pull", True),
    ],
)
async def test_people_push_code_and_nothing_else(
    users: Users, service: Service, repository: str, action: Action, may: bool
) -> None:
    access = HubAccess(users, FIRST, Review("get", "push"))
    assert await access.allowed(Principal("maya"), service, repository, action) is may


async def test_nobody_may_nothing(users: Users) -> None:
    access = HubAccess(users, FIRST, Review("get", "push"))
    assert not await access.allowed(None, "git", "demo/hello", "pull")


async def test_rbac_decides_for_people(users: Users) -> None:
    review = Review("get")
    access = HubAccess(users, FIRST, review)
    assert await access.allowed(Principal("maya"), "git", "demo/hello", "pull")
    assert not await access.allowed(Principal("maya"), "git", "demo/hello", "push")
    assert review.asked == ["get", "push"]


async def test_a_session_token_serves_as_password_of_its_own_user_only(users: Users) -> None:
    access = HubAccess(users, FIRST, Review())
    token, _ = users.open_session("maya")
    assert await access.authenticate("maya", token) == Principal("maya", ("idp:developers",))
    assert await access.authenticate("admin", token) is None
