"""`idp-cli promote --hotfix` and `--emergency`: the commands, with an instance of this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from typer.testing import CliRunner

from idp.apps.cli import promote
from idp.apps.cli.commands.promotion import application
from idp.apps.cli.connection import SignedIn
from idp.capabilities.environments.kinds import PromotionPipeline
from idp.capabilities.promotion.kinds import Approval, Promotion, Release
from idp.kernel.errors import Forbidden, InvalidInput, NotFound
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import NAMESPACE

DIGEST, POLICY = f"sha256:{1:064x}", f"sha256:{2:064x}"
WHY = ("--reason", "payments are down")


class Production(MemoryClient):
    """An instance in which every promotion waits for people, and an override is enough.

    Attributes:
        may_override: Whether the person who signed in may go past the rules.
        asked: What was created, or tried to be: plural, whether tried only, manifest.
    """

    def __init__(self) -> None:
        super().__init__()
        self.may_override = True
        self.asked: list[tuple[str, bool, Manifest]] = []

    async def create(
        self, type: ResourceType, manifest: Manifest, *, dry_run: bool = False
    ) -> Manifest:
        self.asked.append((type.plural, dry_run, manifest))
        if manifest["spec"].get("emergency") and not self.may_override:
            raise Forbidden("rosa may not override promotions")
        if dry_run:
            return manifest
        made = await super().create(type, manifest)
        if type == Promotion.type():
            waits = {"name": "approval", "phase": "Running", "message": "waits for 1 approval"}
            await self._say(made["metadata"]["name"], "Running", "it waits", [waits])
        if type == Approval.type():
            await self._say(made["spec"]["promotion"], "Succeeded", "2 replicas run", [])
        return made

    async def _say(self, name: str, phase: str, message: str, steps: list[Any]) -> None:
        facts = {"releaseDigest": DIGEST, "policyVersion": POLICY, "remedy": "Ask an approver."}
        status = {"phase": phase, "message": message, "steps": steps, **facts}
        await self.patch(Promotion.type(), name, {"status": status}, "demo", subresource="status")

    async def set_up(self) -> None:
        """Two releases: the older one has been verified in UAT, the newer in development only."""
        await super().create(NAMESPACE, {"metadata": {"name": "demo"}})
        hotfix = {"allowed": True, "verifiedIn": ["development"]}
        rules = {"previous": "uat", "hotfix": hotfix}
        await super().create(
            PromotionPipeline.type(), {"metadata": {"name": "default"}, "spec": rules}
        )
        for number, environments in ((1, ["development", "uat"]), (2, ["development"])):
            source = {"commit": f"{number:040x}", "count": number}
            spec = {"application": "hello", "version": f"r{number}", "source": source}
            release = {"metadata": {"name": f"hello-r{number}", "namespace": "demo"}, "spec": spec}
            status = {"verifiedIn": environments}
            await super().create(Release.type(), {**release, "status": status})
            await self.patch(
                Release.type(),
                f"hello-r{number}",
                {"status": status},
                "demo",
                subresource="status",
            )

    def made(self, plural: str) -> list[Manifest]:
        """What was really created."""
        return [body for kind, tried, body in self.asked if kind == plural and not tried]


class Platform:
    """What `connect` gives."""

    user = "rosa"
    session = SignedIn("rosa", "token", ("idp:responders:production",))

    def __init__(self, production: Production) -> None:
        self._production = production

    def instance(self, environment: str) -> Production:
        if environment != "production":
            raise NotFound(f"there is no environment {environment!r}")
        return self._production


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Production:
    instance = Production()
    asyncio.run(instance.set_up())

    @contextlib.asynccontextmanager
    async def connect(*_: Any) -> AsyncIterator[Platform]:
        yield Platform(instance)

    monkeypatch.setattr(promote, "connect", connect)
    return instance


def run(*arguments: str) -> str:
    command = ("promote", "hello", "--to", "production", *arguments)
    result = CliRunner().invoke(application, command)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_a_hotfix_takes_what_its_environments_verified(production: Production) -> None:
    output = run("--hotfix", *WHY)
    (promotion,) = production.made("promotions")
    assert promotion["spec"] == {
        "application": "hello",
        "release": "hello-r2",
        "initiator": "rosa",
        "reason": "payments are down",
        "hotfix": True,
    }
    assert production.made("approvals") == []
    assert "It waits: it waits\nNext: Ask an approver." in output


def test_without_it_the_release_has_been_in_every_environment(production: Production) -> None:
    run()
    (promotion,) = production.made("promotions")
    assert promotion["spec"]["release"] == "hello-r1"
    assert "hotfix" not in promotion["spec"]


def test_an_emergency_starts_and_overrides_in_one(production: Production) -> None:
    output = run("--emergency", *WHY)
    (promotion,), (approval,) = production.made("promotions"), production.made("approvals")
    assert promotion["spec"]["release"] == "hello-r1"
    spec = approval["spec"]
    assert spec["promotion"].startswith("hello-r1-")
    assert (spec["releaseDigest"], spec["policyVersion"]) == (DIGEST, POLICY)
    assert (spec["target"], spec["approver"], spec["emergency"]) == ("production", "rosa", True)
    assert spec["comment"] == "payments are down"
    assert "It waits" not in output


def test_who_may_not_override_starts_nothing(production: Production) -> None:
    production.may_override = False
    with pytest.raises(Forbidden, match="rosa may not override"):
        run("--emergency", *WHY)
    assert [(plural, tried) for plural, tried, _ in production.asked] == [("approvals", True)]


def test_a_hotfix_may_be_an_emergency_too(production: Production) -> None:
    run("--hotfix", "--emergency", *WHY)
    (promotion,) = production.made("promotions")
    assert promotion["spec"]["release"] == "hello-r2"
    assert promotion["spec"]["hotfix"] is True
    assert len(production.made("approvals")) == 1


@pytest.mark.parametrize("flag", ["--hotfix", "--emergency"])
def test_what_goes_past_the_rules_has_a_reason(production: Production, flag: str) -> None:
    with pytest.raises(InvalidInput, match="has a reason"):
        run(flag)
    assert production.asked == []
