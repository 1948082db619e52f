"""Pushes become events of triggers, in the pusher's name, on a real API server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from idp.apps.hub.instances import Instances
from idp.apps.hub.pushes import Push
from idp.apps.hub.triggers import Occasions, TriggerDelivery
from idp.apps.hub.users import MIGRATIONS
from idp.apps.instance.bootstrap import bootstrap
from idp.apps.platform.layout import ENVIRONMENTS, Layout
from idp.capabilities.promotion.kinds import Promotion, PromotionTrigger, TriggerEvent
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.database import open_database
from idp.kernel.errors import Forbidden, Invalid, Unavailable
from idp.kernel.resource import Manifest
from idp.kernel.standard import NAMESPACE

GROUPS = {
    "maya": ("idp:responders:production",),
    "vic": ("idp:viewers",),
    "out": (),
}
COMMIT, TAG_OBJECT = "a" * 40, "b" * 40


class OneInstance(Instances):
    """Production is the API server of the test; the others do not answer."""

    def __init__(self, server: ApiServer, tmp_path: Path) -> None:
        super().__init__(Layout(tmp_path), ENVIRONMENTS)
        self.server = server

    def client(self, environment: str, principal: Principal) -> Client:
        if environment != "production":
            raise Unavailable(f"{environment} does not answer")
        return self.server.client(principal.name, principal.groups)


class Bench:
    def __init__(self, server: ApiServer, database: sa.Engine, tmp_path: Path) -> None:
        self.server = server
        self.platform = server.client("platform", ("system:masters",))
        self.built: list[tuple[str, str]] = []
        self.occasions = Occasions(database, ENVIRONMENTS)
        self.delivery = TriggerDelivery(
            self.occasions,
            OneInstance(server, tmp_path),
            lambda: dict(GROUPS),
            self.build,
            self.commit_of,
        )

    async def build(self, push: Push, principal: Principal) -> None:
        self.built.append((push.commit, principal.name))

    async def commit_of(self, repository: str, object: str) -> str:
        return COMMIT if object == TAG_OBJECT else object

    async def push(self, reference: str, pusher: str = "maya", number: int = 1) -> bool:
        commit = TAG_OBJECT if "tags" in reference else COMMIT
        self.occasions.take(number, Push("demo/hello", reference, commit, pusher))
        return await self.delivery.tell("production")

    async def events(self) -> list[Manifest]:
        return list((await self.platform.list(TriggerEvent.type(), "demo")).items)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = open_database(f"sqlite:///{tmp_path}/hub.db", [MIGRATIONS])
    async with ApiServer(ApiServerSettings(data=tmp_path / "api")) as server:
        bench = Bench(server, database, tmp_path)
        await bootstrap(bench.platform, "production", ENVIRONMENTS)
        await bench.platform.create(NAMESPACE, {"metadata": {"name": "demo"}})
        yield bench
    database.dispose()


def manifest(by: str = "maya", **spec: Any) -> Manifest:
    return {
        "metadata": {"name": "releases", "namespace": "demo"},
        "spec": {"application": "hello", "by": by, **spec},
    }


async def test_pushes_from_first_to_last(bench: Bench) -> None:
    maya = bench.server.client("maya", GROUPS["maya"])
    with pytest.raises(Forbidden, match=r"spec\.by must be you"):
        await maya.create(PromotionTrigger.type(), manifest("vic", tag="v*"))
    with pytest.raises(Forbidden, match="groups that you are in"):
        await maya.create(
            PromotionTrigger.type(), manifest(tag="v*", byGroups=["idp:administrators"])
        )
    for wrong in ({"tag": "v*", "branch": "main"}, {}):
        with pytest.raises(Invalid, match="exactly one"):
            await maya.create(PromotionTrigger.type(), manifest(**wrong))
    await maya.create(PromotionTrigger.type(), manifest(tag="v*"))

    assert not await bench.push("refs/heads/main")  # told, and no trigger waits for it
    assert not await bench.push("refs/tags/v1", "out", 2)  # may not even look
    assert not await bench.push("refs/tags/v1", "vic", 3)  # may look, and not promote
    assert await bench.events() == []

    await bench.push("refs/tags/v1", number=4)
    await bench.push("refs/tags/v1", number=5)  # reported again
    (event,) = await bench.events()
    assert event["spec"] == {
        "trigger": "releases",
        "application": "hello",
        "by": "maya",
        "byGroups": ["idp:responders:production"],
        "reference": "refs/tags/v1",
        "commit": COMMIT,
    }
    assert bench.built[-1] == (COMMIT, "maya")

    await refuse_made_up_events(bench, event)
    await name_initiators_only_by_a_trigger(bench)


async def refuse_made_up_events(bench: Bench, event: Manifest) -> None:
    made_up = {"metadata": {"name": "x", "namespace": "demo"}, "spec": event["spec"]}
    groups = ("idp:responders:production",)
    with pytest.raises(Forbidden, match=r"spec\.by must be you"):
        await bench.server.client("eve", groups).create(TriggerEvent.type(), made_up)
    with pytest.raises(Forbidden):
        await bench.server.client("maya", ("idp:viewers",)).create(TriggerEvent.type(), made_up)


async def name_initiators_only_by_a_trigger(bench: Bench) -> None:
    spec = {"application": "hello", "release": "r1", "initiator": "maya"}
    body: Manifest = {"metadata": {"name": "p", "namespace": "demo"}, "spec": spec}
    with pytest.raises(Forbidden, match=r"spec\.initiator must be you"):
        await bench.platform.create(Promotion.type(), body)
    body["metadata"]["labels"] = {"platform.idp/trigger": "releases"}
    eve = bench.server.client("eve", ("idp:responders:production",))
    with pytest.raises(Forbidden, match=r"spec\.initiator must be you"):
        await eve.create(Promotion.type(), body)
    await bench.platform.create(Promotion.type(), body)


async def test_an_environment_that_does_not_answer_is_told_later(bench: Bench) -> None:
    await bench.push("refs/tags/v1")
    assert await bench.delivery.tell("uat")
    assert await bench.delivery.tell("uat")
    assert bench.occasions.open("production") == []
    assert [push.reference for _, push in bench.occasions.open("uat")] == ["refs/tags/v1"]


async def test_a_push_is_taken_once_and_dropped_when_too_old(tmp_path: Path) -> None:
    database, now = open_database(f"sqlite:///{tmp_path}/hub.db", [MIGRATIONS]), [0.0]
    occasions = Occasions(database, ("production",), lambda: now[0])
    for push in (
        Push("demo/hello", "refs/heads/main", COMMIT, "maya"),
        Push("demo/hello", "refs/heads/main", COMMIT, "maya"),
        Push("demo/hello", "refs/heads/main", COMMIT, ""),
        Push("demo/hello", "refs/heads/main", "0" * 40, "maya"),
        Push("environments/uat", "refs/heads/main", COMMIT, "maya"),
    ):
        occasions.take(1, push)
    assert len(occasions.open("production")) == 1
    now[0] = 8 * 86400.0
    assert occasions.open("production") == []
    database.dispose()
