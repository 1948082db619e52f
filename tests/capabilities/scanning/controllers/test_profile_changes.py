"""From an approved change to a commit, and from Git to the rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from idp.capabilities.scanning.controllers.profile_changes import (
    BRANCH,
    ProfileChangeReconciler,
)
from idp.capabilities.scanning.kinds import PROFILE, SecurityProfile, SecurityProfileChange
from idp.capabilities.scanning.profile_changes import (
    PATH,
    changed_rules,
    merged,
    read_file,
    write_file,
)
from idp.capabilities.scanning.render import default_profile
from idp.kernel.controller import Request
from idp.kernel.errors import Invalid, InvalidInput
from idp.kernel.memory_client import MemoryClient
from idp.protocols.git.memory import MemoryRepository

CHANGE, KIND = SecurityProfileChange.type(), SecurityProfile.type()


class Killed(BaseException):
    """The process ends here."""


class Environment:
    """An instance with its profile and its repository."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.repository = MemoryRepository()

    async def start(self) -> None:
        await self.client.create(KIND, default_profile("staging"))

    async def version(self) -> str:
        return SecurityProfile.parse(await self.client.get(KIND, PROFILE)).spec.version

    async def ask(self, name: str, rules: Mapping[str, Any], **spec: Any) -> None:
        present = (await self.client.get(KIND, PROFILE))["spec"]
        body = {
            "base": await self.version(),
            "profile": merged(present, rules),
            "reason": "audit\nIdempotency-Key: forged",
            "author": "ada",
            "approver": "sam",
            **spec,
        }
        await self.client.create(CHANGE, {"metadata": {"name": name}, "spec": body})

    async def reconcile(self) -> None:
        await ProfileChangeReconciler(self.client, self.repository)(Request("", ""))

    async def phase(self, name: str) -> str:
        return str((await self.client.get(CHANGE, name))["status"]["phase"])

    async def rule(self) -> str:
        return str((await self.client.get(KIND, PROFILE))["spec"]["severity"]["high"])

    async def commits(self) -> int:
        if await self.repository.head(BRANCH) is None:
            return 0
        return len(await self.repository.history(BRANCH, PATH))


@pytest.fixture
async def environment() -> Environment:
    environment = Environment()
    await environment.start()
    return environment


async def test_nothing_happens_without_approval(environment: Environment) -> None:
    await environment.ask("c", {"severity": {"high": "deny"}}, approver="")
    await environment.reconcile()
    assert await environment.phase("c") == "Waiting"
    assert (await environment.rule(), await environment.commits()) == ("approve", 0)


async def test_an_approved_change_is_a_commit_and_in_force(environment: Environment) -> None:
    await environment.ask("c", {"severity": {"high": "deny"}})
    await environment.reconcile()
    assert await environment.phase("c") == "Applied"
    assert await environment.rule() == "deny"
    (commit,) = await environment.repository.history(BRANCH, PATH)
    assert commit.author.startswith("ada <")
    assert "Approved-By: sam" in commit.message
    assert "\nIdempotency-Key: forged" not in commit.message
    stated = (await environment.client.get(CHANGE, "c"))["status"]
    assert stated["commit"] == commit.id
    assert stated["version"] == await environment.version()
    await environment.reconcile()
    assert await environment.commits() == 1


async def test_of_two_on_the_same_rules_one_is_stale(environment: Environment) -> None:
    await environment.ask("a", {"severity": {"high": "deny"}})
    await environment.ask("b", {"severity": {"high": "record"}})
    await environment.reconcile()
    assert (await environment.phase("a"), await environment.phase("b")) == ("Applied", "Stale")
    assert await environment.rule() == "deny"


async def test_what_is_written_past_git_is_undone(environment: Environment) -> None:
    await environment.ask("c", {"severity": {"high": "deny"}})
    await environment.reconcile()
    await environment.client.patch(KIND, PROFILE, {"spec": {"severity": {"high": "record"}}})
    await environment.reconcile()
    assert await environment.rule() == "deny"


async def test_a_deleted_profile_comes_back_as_git_says(environment: Environment) -> None:
    await environment.ask("c", {"severity": {"high": "deny"}})
    await environment.reconcile()
    await environment.client.delete(KIND, PROFILE)
    await environment.start()
    await environment.reconcile()
    assert await environment.rule() == "deny"


@pytest.mark.parametrize("step", ["after the commit", "after the profile"])
async def test_killed_it_goes_on(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await environment.ask("c", {"severity": {"high": "deny"}})
    update = environment.client.update

    async def killed(type: Any, manifest: Any, *, subresource: str | None = None) -> Any:
        if step == "after the profile" and subresource is None:
            return await update(type, manifest)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(environment.client, "update", killed)
        with pytest.raises(Killed):
            await environment.reconcile()
    await environment.reconcile()
    assert await environment.phase("c") == "Applied"
    assert (await environment.rule(), await environment.commits()) == ("deny", 1)


async def test_an_invalid_file_changes_nothing(environment: Environment) -> None:
    await environment.repository.change(
        BRANCH, {PATH: b"kind: Nothing"}, message="odd", key="k", author="a <a@b>"
    )
    await environment.reconcile()
    assert await environment.rule() == "approve"


def test_a_file_says_what_was_written() -> None:
    spec = SecurityProfile.parse(default_profile("uat")).spec
    read = SecurityProfile.parse({"spec": read_file(write_file(spec))}).spec
    assert read.version == spec.version


def test_an_approver_sees_every_rule_that_changes() -> None:
    present = SecurityProfile.parse(default_profile("staging")).spec
    wanted = present.model_copy(
        update={"tools": {**present.tools, "zap": "run"}, "incomplete": "deny"}
    )
    assert changed_rules(present, wanted) == [
        "incomplete: track -> deny",
        "tools.zap: unset -> run",
    ]
    assert changed_rules(present, present) == []


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", InvalidInput),
        (b"[]", InvalidInput),
        (b"kind: SecurityProfile\nspec: {incomplete: shrug}", Invalid),
    ],
)
def test_what_is_no_profile_is_not_read(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_file(content)


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"a": None}, {"b": {"c": 1}}),
        ({"b": {"c": None, "d": 2}}, {"a": 1, "b": {"d": 2}}),
        ({"a": {"x": 1}}, {"a": {"x": 1}, "b": {"c": 1}}),
    ],
)
def test_a_patch_is_merged(patch: dict[str, Any], expected: dict[str, Any]) -> None:
    assert merged({"a": 1, "b": {"c": 1}}, patch) == expected
