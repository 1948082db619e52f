from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.promotion.capability import CAPABILITY
from idp.capabilities.promotion.controllers.drift import IN_SYNC, DriftWatch
from idp.capabilities.promotion.controllers.ending import ledger_entry
from idp.capabilities.promotion.kinds import DriftReport, Promotion, PromotionStatus
from idp.capabilities.promotion.ledger import Ledger
from idp.capabilities.promotion.turn import Turns
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request
from idp.kernel.database import open_database
from idp.kernel.standard import ARGO_APPLICATION, EVENT

FILE = "demo/hello/webapplication.yaml"


class Scene:
    """One application that was promoted and runs."""

    def __init__(self, bench: Any, ledger: Ledger) -> None:
        self.bench, self.client, self.git = bench, bench.client, bench.git
        self._ledger = ledger
        self.watch = DriftWatch(
            bench.client, bench.reader, bench.environment, ledger, bench.argo_cd, environment="uat"
        )

    async def promoted(self) -> None:
        spec = self.bench.release_spec(1)
        promotion = Promotion.parse(await self.bench.promotion())
        uid = promotion.metadata.uid
        commit = await self.bench.environment.deploy(spec, "demo", promotion="p", uid=uid)
        status = PromotionStatus(phase="Succeeded", commit=commit)
        self._ledger.record(ledger_entry(promotion, status, [], "uat"))
        await self.bench.argo_cd.ensure("demo", "hello")
        manifest = yaml.safe_load((await self.git.files("main"))[FILE])
        await self.client.create(WebApplication.type(), manifest)

    async def edited(self, port: int) -> None:
        """Somebody commits to the environment's repository."""
        manifest = yaml.safe_load((await self.git.files("main"))[FILE])
        manifest["spec"]["port"] = port
        tree = {FILE: yaml.safe_dump(manifest).encode()}
        await self.git.change("main", tree, message="By hand", key=f"hand-{port}")
        self._forget_key()

    def _forget_key(self) -> None:
        """A commit of a person has no idempotency key."""
        head = self.git._branches["main"]
        stored = self.git._commits[head]
        object.__setattr__(stored.commit, "message", "By hand\n")

    async def look(self) -> Any:
        await self.watch(Request("demo", "hello"))
        report = await self.client.get(DriftReport.type(), "hello", "demo")
        return report["status"]["differences"], condition_of(report, IN_SYNC)

    async def self_heal(self) -> bool:
        application = await self.client.get(ARGO_APPLICATION, "hello", "demo")
        return bool(application["spec"]["syncPolicy"]["automated"]["selfHeal"])


@pytest.fixture
async def scene(bench: Any, tmp_path: Path) -> Any:
    database = open_database(f"sqlite:///{tmp_path}/h.db", CAPABILITY.migrations)
    scene = Scene(bench, Ledger(database))
    await bench.rules()
    await scene.promoted()
    yield scene
    database.dispose()


async def test_nothing_has_drifted(scene: Any) -> None:
    differences, condition = await scene.look()
    assert differences == []
    assert condition["status"] == "True"
    before = (await scene.client.list(DriftReport.type())).resource_version
    await scene.look()
    assert (await scene.client.list(DriftReport.type())).resource_version == before


async def test_an_edit_in_git_is_raised_with_its_field(scene: Any) -> None:
    await scene.edited(9090)
    differences, condition = await scene.look()
    between = {d["between"]: d for d in differences if d["field"] == "WebApplication spec.port"}
    assert (between["git"]["ledger"], between["git"]["git"]) == ("8081", "9090")
    assert (condition["status"], condition["reason"]) == ("False", "Drifted")
    assert "idp-cli drift hello -e uat" in condition["remedy"]
    (event,) = (await scene.client.list(EVENT, "demo")).items
    assert event["reason"] == "Drifted"
    assert len(await scene.git.history("main")) == 2


async def test_where_git_is_healed_what_was_done_by_hand_is_reverted(scene: Any) -> None:
    await scene.bench.rules(drift={"git": "heal"})
    await scene.edited(9090)
    await scene.edited(9191)
    await scene.look()
    differences, _ = await scene.look()
    assert [d for d in differences if d["between"] == "git"] == []
    messages = [c.message.partition("\n")[0] for c in await scene.git.history("main")]
    assert messages[:-1] == ['Revert "By hand"', 'Revert "By hand"', "By hand", "By hand"]
    await scene.look()
    assert len(await scene.git.history("main")) == 5


async def test_argo_cd_heals_what_runs_as_the_rule_says(scene: Any) -> None:
    await scene.look()
    assert await scene.self_heal()
    await scene.bench.rules(drift={"running": "raise"})
    await scene.client.patch(WebApplication.type(), "hello", {"spec": {"port": 9090}}, "demo")
    differences, _ = await scene.look()
    assert [(d["between"], d["running"], d["action"]) for d in differences] == [
        ("running", "9090", "raise")
    ]
    assert not await scene.self_heal()


async def test_while_a_promotion_has_its_turn_nothing_is_compared(scene: Any) -> None:
    await scene.look()
    labels = {"metadata": {"labels": {"platform.idp/application": "hello"}}}
    await scene.bench.promotion("q")
    await scene.client.patch(Promotion.type(), "q", labels, "demo")
    await Turns(scene.client).take("demo", "q")
    await scene.client.patch(WebApplication.type(), "hello", {"spec": {"port": 9090}}, "demo")
    differences, _ = await scene.look()
    assert differences == []


async def test_what_was_never_promoted_is_not_compared(scene: Any) -> None:
    await scene.watch(Request("demo", "other"))
    assert [
        r["metadata"]["name"] for r in (await scene.client.list(DriftReport.type())).items
    ] == []
