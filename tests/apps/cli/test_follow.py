from __future__ import annotations

import asyncio
from typing import Any, TypedDict

import pytest

from idp.apps.cli.follow import PipelineFailed, follow_promotion, follow_push
from idp.apps.cli.progress import Progress
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, Release
from idp.capabilities.promotion.render.workflows import push_workflow_name
from idp.kernel.errors import DeadlineExceeded
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import WORKFLOW

COMMIT = "3fa9c1d" + "0" * 33
NAME = push_workflow_name("hello", COMMIT)


class Where(TypedDict):
    namespace: str
    application: str


WHERE: Where = {"namespace": "demo", "application": "hello"}


async def add_step(client: MemoryClient, name: str, position: int, **status: Any) -> None:
    await client.create(
        PipelineStep.type(),
        {
            "metadata": {
                "name": f"{NAME}-{name}",
                "namespace": "demo",
                "labels": {"workflows.argoproj.io/workflow": NAME},
            },
            "spec": {"uses": name, "position": position},
            "status": status,
        },
    )


async def add_workflow(client: MemoryClient, phase: str) -> None:
    await client.create(
        WORKFLOW,
        {"metadata": {"name": NAME, "namespace": "demo"}, "status": {"phase": phase}},
    )


async def add_release(client: MemoryClient) -> None:
    spec = {"application": "hello", "version": "r1-3fa9c1d", "source": {"commit": COMMIT}}
    await client.create(
        Release.type(),
        {"metadata": {"name": "hello-r1-3fa9c1d", "namespace": "demo"}, "spec": spec},
    )


async def test_a_push_is_followed_to_its_release() -> None:
    client = MemoryClient()
    await add_step(client, "scan", 2, phase="Succeeded", message="nothing found")
    await add_step(client, "build", 1, phase="Succeeded", message="2 layers")
    await add_workflow(client, "Succeeded")
    await add_release(client)
    with Progress("x") as progress:
        release = await follow_push(client, progress, progress.root, commit=COMMIT, **WHERE)
    assert release["spec"]["version"] == "r1-3fa9c1d"
    assert [line.title for line in progress.root.children] == ["build", "scan"]


async def test_a_failed_step_is_named_with_its_remedy() -> None:
    client = MemoryClient()
    await add_step(client, "build", 1, phase="Failed", message="no lock", remedy="Run `uv lock`.")
    await add_workflow(client, "Failed")
    with Progress("x") as progress, pytest.raises(PipelineFailed, match="no lock") as raised:
        await follow_push(client, progress, progress.root, commit=COMMIT, **WHERE)
    assert raised.value.remedy == "Run `uv lock`."


async def test_a_push_that_starts_nothing_ends_with_a_deadline() -> None:
    with Progress("x") as progress, pytest.raises(DeadlineExceeded):
        await follow_push(
            MemoryClient(), progress, progress.root, commit=COMMIT, seconds=0.01, **WHERE
        )


async def promotion(client: MemoryClient, phase: str, approval: str) -> None:
    await client.create(
        Promotion.type(),
        {
            "metadata": {"name": "hello-r1", "namespace": "demo"},
            "spec": {"application": "hello", "release": "hello-r1"},
            "status": {
                "phase": phase,
                "message": "why",
                "remedy": "do",
                "steps": [{"name": "approval", "phase": approval, "message": "waits for 1"}],
            },
        },
    )


async def test_it_returns_when_people_are_waited_for() -> None:
    client = MemoryClient()
    await promotion(client, "Running", "Running")
    with Progress("x") as progress:
        found = await follow_promotion(
            client, progress, progress.root, release="hello-r1", until_approval=True, **WHERE
        )
    assert found["status"]["phase"] == "Running"
    assert progress.root.state == "attention"


async def test_it_follows_on_until_the_end() -> None:
    client = MemoryClient()
    await promotion(client, "Running", "Running")
    with Progress("x") as progress:
        following = asyncio.create_task(
            follow_promotion(client, progress, progress.root, release="hello-r1", **WHERE)
        )
        await client.patch(Promotion.type(), "hello-r1", {"status": {"phase": "Succeeded"}}, "demo")
        assert (await following)["status"]["phase"] == "Succeeded"
    assert progress.root.state == "done"


async def test_a_failed_promotion_says_why() -> None:
    client = MemoryClient()
    await promotion(client, "Failed", "Failed")
    with Progress("x") as progress, pytest.raises(PipelineFailed, match="why"):
        await follow_promotion(client, progress, progress.root, release="hello-r1", **WHERE)
    assert progress.root.state == "failed"
