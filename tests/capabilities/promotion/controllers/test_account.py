from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from idp.capabilities.promotion.controllers.account import PipelineAccount
from idp.kernel.client import get_or_none
from idp.kernel.manifest import render
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import NAMESPACE, SERVICE_ACCOUNT, WORKFLOW

ACCOUNT = (SERVICE_ACCOUNT, "idp-pipeline", "demo")


@pytest.fixture
async def client() -> AsyncIterator[MemoryClient]:
    """An API with the namespace `demo`, and the controller at work."""
    client = MemoryClient()
    await client.create(NAMESPACE, render(NAMESPACE, "demo"))
    running = asyncio.create_task(PipelineAccount(client).controller().run())
    yield client
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def account(client: MemoryClient) -> Any:
    async with asyncio.timeout(10):
        while (found := await get_or_none(client, *ACCOUNT)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return found


def workflow(name: str, service_account: str) -> Any:
    return render(WORKFLOW, name, "demo", spec={"serviceAccountName": service_account})


async def test_it_comes_with_the_first_pipeline_and_again_when_deleted(
    client: MemoryClient,
) -> None:
    await client.create(WORKFLOW, workflow("push", "idp-pipeline"))
    first = await account(client)
    await client.delete(*ACCOUNT)
    assert (await account(client))["metadata"]["uid"] != first["metadata"]["uid"]


async def test_other_workflows_bring_their_own(client: MemoryClient) -> None:
    await client.create(WORKFLOW, workflow("mine", "robot"))
    await client.create(WORKFLOW, workflow("push", "idp-pipeline"))
    await account(client)
    assert await get_or_none(client, SERVICE_ACCOUNT, "robot", "demo") is None
