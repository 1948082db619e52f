"""What happens to a promotion besides its steps: see `flow` for the whole course."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.promotion.capability import CAPABILITY
from idp.capabilities.promotion.controllers.ending import PromotionEnding
from idp.capabilities.promotion.controllers.promotions import FINALIZER, PromotionReconciler
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, Release
from idp.capabilities.promotion.ledger import Ledger
from idp.capabilities.promotion.turn import Turns
from idp.kernel.controller import Request
from idp.kernel.database import open_database
from idp.kernel.errors import NotFound, Unavailable
from idp.kernel.standard import LEASE, WORKFLOW


class Course:
    """One promotion, reconciled by hand."""

    def __init__(self, bench: Any, folder: Path) -> None:
        self.bench, self.client = bench, bench.client
        self.database = open_database(f"sqlite:///{folder}/h.db", CAPABILITY.migrations)
        self.ledger = Ledger(self.database)
        self.turns = Turns(self.client)
        self.now = datetime.now(UTC)

    async def reconcile(self, name: str = "p") -> None:
        ending = PromotionEnding(
            self.client,
            self.bench.environment,
            self.ledger,
            self.turns,
            self.bench.argo_cd,
            environment="uat",
        )
        reader = self.bench.reader
        reconciler = PromotionReconciler(
            self.client, reader, ending, environment="uat", clock=lambda: self.now
        )
        await reconciler(Request("demo", name))

    async def begin(self, **spec: Any) -> Any:
        await self.bench.rules()
        await self.bench.release()
        await self.bench.promotion(**spec)
        await self.reconcile()
        return await self.status()

    async def status(self) -> Any:
        return (await self.client.get(Promotion.type(), "p", "demo")).get("status")

    async def workflow(self, phase: str) -> None:
        status = {"phase": phase, "finishedAt": "2026-11-24T10:00:00Z"}
        await self.client.patch(WORKFLOW, "p", {"status": status}, "demo")

    async def step(self, uses: str, position: int, **status: Any) -> None:
        uid = (await self.client.get(Promotion.type(), "p", "demo"))["metadata"]["uid"]
        meta = {
            "name": f"p-{uses}",
            "namespace": "demo",
            "labels": {"platform.idp/promotion-uid": uid},
        }
        spec = {"uses": uses, "promotion": "p", "position": position}
        body = {"metadata": meta, "spec": spec, "status": status}
        await self.client.create(PipelineStep.type(), body)


@pytest.fixture
def course(bench: Any, tmp_path: Path) -> Any:
    course = Course(bench, tmp_path)
    yield course
    course.database.dispose()


async def test_begins_with_its_facts_and_its_workflow(course: Any) -> None:
    status = await course.begin()
    assert status["phase"] == "Running"
    assert status["workflow"] == "p"
    assert status["releaseDigest"] == f"sha256:{1:064x}"
    assert status["policyVersion"].startswith("sha256:")
    workflow = await course.client.get(WORKFLOW, "p", "demo")
    assert workflow["spec"]["workflowTemplateRef"] == {"name": "promote", "clusterScope": True}
    promotion = await course.client.get(Promotion.type(), "p", "demo")
    assert promotion["metadata"]["finalizers"] == [FINALIZER]
    release = await course.client.get(Release.type(), "r1", "demo")
    assert release["status"]["promotion"] == "p"


async def test_mirrors_the_steps_in_their_order(course: Any) -> None:
    await course.begin()
    await course.step("scan", 2, phase="Running", message="comparing", remedy="wait")
    await course.step("admit", 1, phase="Succeeded", message="5 hold")
    await course.reconcile()
    status = await course.status()
    assert [(s["name"], s["phase"]) for s in status["steps"]] == [
        ("admit", "Succeeded"),
        ("scan", "Running"),
    ]
    assert (status["message"], status["remedy"]) == ("scan: comparing", "wait")


async def test_reconciling_again_writes_nothing(course: Any) -> None:
    await course.begin()
    before = (await course.client.list(Promotion.type())).resource_version
    await course.reconcile()
    assert (await course.client.list(Promotion.type())).resource_version == before


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"release": "r9"}, "there is no release r9"),
        ({"application": "other"}, "is of hello, not of other"),
    ],
)
async def test_what_cannot_begin_fails_at_once(course: Any, spec: Any, said: str) -> None:
    status = await course.begin(**spec)
    assert status["phase"] == "Failed"
    assert said in status["message"]
    assert len(course.ledger.entries()) == 1


async def test_a_deleted_workflow_fails_it(course: Any) -> None:
    await course.begin()
    await course.client.delete(WORKFLOW, "p", "demo")
    await course.reconcile()
    status = await course.status()
    assert status["phase"] == "Failed"
    assert "workflow p was deleted before it ended" in status["message"]


async def test_a_workflow_of_something_else_is_left_alone(course: Any) -> None:
    body = {"metadata": {"name": "p", "namespace": "demo"}, "spec": {}}
    await course.client.create(WORKFLOW, body)
    status = await course.begin()
    assert "of something else is in the way" in status["message"]


async def test_the_workflow_of_a_former_promotion_is_waited_for(course: Any) -> None:
    owner = {"kind": "Promotion", "uid": "former", "name": "p", "apiVersion": "v"}
    meta = {"name": "p", "namespace": "demo", "ownerReferences": [owner]}
    await course.client.create(WORKFLOW, {"metadata": meta, "spec": {}})
    with pytest.raises(Unavailable, match="of a former promotion p"):
        await course.begin()


async def test_longer_than_its_longest_course_it_fails(course: Any) -> None:
    await course.begin()
    await course.step("approval", 4, phase="Running", message="waits for 1 more approval")
    course.now += timedelta(days=23)
    await course.reconcile()
    status = await course.status()
    assert status["phase"] == "Failed"
    assert "it waited for: approval: waits for 1 more approval" in status["message"]


async def test_success_is_recorded_and_gives_the_turn_back(course: Any) -> None:
    await course.begin()
    await course.turns.take("demo", "p")
    facts = {"commit": "c" * 40, "image": "x@y", "release": "r1"}
    await course.step("commit", 5, phase="Succeeded", message="", outputs=facts)
    await course.workflow("Succeeded")
    await course.reconcile()
    status = await course.status()
    assert (status["phase"], status["commit"]) == ("Succeeded", "c" * 40)
    assert {c["type"] for c in status["conditions"]} == {"Proceeding"}
    (entry,) = course.ledger.entries()
    assert (entry.phase, entry.git_commit, entry.finished_at) == (
        "Succeeded",
        "c" * 40,
        "2026-11-24T10:00:00Z",
    )
    assert (await course.client.list(LEASE)).items == []


async def test_a_superseded_one_is_recorded(course: Any) -> None:
    await course.begin()
    patch = {"status": {"phase": "Superseded", "message": "by q"}}
    await course.client.patch(Promotion.type(), "p", patch, "demo")
    await course.reconcile()
    assert [(e.phase, e.message) for e in course.ledger.entries()] == [("Superseded", "by q")]


async def test_deleted_while_it_runs_it_is_undone_and_recorded(course: Any) -> None:
    await course.begin()
    await course.turns.take("demo", "p")
    promotion = await course.client.get(Promotion.type(), "p", "demo")
    spec = course.bench.release_spec(1)
    uid = promotion["metadata"]["uid"]
    await course.bench.environment.deploy(spec, "demo", promotion="p", uid=uid)
    await course.client.delete(Promotion.type(), "p", "demo")
    await course.reconcile()
    with pytest.raises(NotFound):
        await course.client.get(Promotion.type(), "p", "demo")
    (entry,) = course.ledger.entries()
    assert entry.phase == "Failed"
    assert "deleted while it was Running; undone by commit" in entry.message
    assert (await course.client.list(LEASE)).items == []
    assert await course.bench.environment.in_force("demo", "hello") == []


async def test_a_commit_that_cannot_be_undone_is_said(course: Any) -> None:
    await course.begin()
    promotion = await course.client.get(Promotion.type(), "p", "demo")
    spec, uid = course.bench.release_spec(1), promotion["metadata"]["uid"]
    await course.bench.environment.deploy(spec, "demo", promotion="p", uid=uid)
    files = {"demo/hello/webapplication.yaml": b"changed: by hand"}
    await course.bench.git.change("main", files, message="by hand", key="k")
    await course.step("confirm", 7, phase="Failed", message="it crashed")
    await course.workflow("Failed")
    await course.reconcile()
    status = await course.status()
    assert "confirm: it crashed; its commit" in status["message"]
    assert "could not be undone" in status["message"]
    assert "Undo the later commits first" in status["remedy"]
