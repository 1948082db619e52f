from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from idp.capabilities.environments.kinds import (
    ComponentStatus,
    IDPInstance,
    PromotionPipeline,
)
from idp.capabilities.environments.reconcile import (
    InstanceFacts,
    InstanceReconciler,
    PipelineReconciler,
)
from idp.capabilities.environments.render import default_pipeline, instance
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request
from idp.kernel.memory_client import MemoryClient

Components = Callable[[], Sequence[ComponentStatus]]


@pytest.fixture
def client() -> MemoryClient:
    return MemoryClient()


async def reconcile(client: MemoryClient, components: Components | None = None) -> dict[str, Any]:
    facts = InstanceFacts("uat", "1.2.3", "http://127.0.0.1:8621", "PEM", components)
    await InstanceReconciler(client, facts)(Request("", "uat"))
    return await client.get(IDPInstance.type(), "uat")


async def test_states_what_the_instance_is(client: MemoryClient) -> None:
    await client.create(IDPInstance.type(), instance("uat"))
    found = await reconcile(client, lambda: [ComponentStatus(name="gateway", healthy=True)])
    status = found["status"]
    assert (status["version"], status["gateway"], status["publicKey"]) == (
        "1.2.3",
        "http://127.0.0.1:8621",
        "PEM",
    )
    assert status["components"] == [{"name": "gateway", "healthy": True, "message": ""}]
    assert (condition_of(found, "Ready") or {})["status"] == "True"


async def test_a_part_that_failed_is_named(client: MemoryClient) -> None:
    await client.create(IDPInstance.type(), instance("uat"))
    ill = ComponentStatus(name="gateway", healthy=False, message="port in use")
    ready = condition_of(await reconcile(client, lambda: [ill]), "Ready") or {}
    assert (ready["status"], ready["message"]) == ("False", "gateway: port in use")
    assert ready["remedy"]


async def test_nothing_new_is_not_written(client: MemoryClient) -> None:
    await client.create(IDPInstance.type(), instance("uat"))
    first = await reconcile(client)
    assert await reconcile(client) == first


async def test_the_default_pipeline_is_made_and_then_left_to_people(client: MemoryClient) -> None:
    await client.create(IDPInstance.type(), instance("uat"))
    await reconcile(client)
    made = await client.get(PromotionPipeline.type(), "default")
    assert made["spec"] == default_pipeline("uat")["spec"]
    patch = {"spec": {"automatic": False}}
    await client.patch(PromotionPipeline.type(), "default", patch)
    await reconcile(client)
    changed = await client.get(PromotionPipeline.type(), "default")
    assert changed["spec"]["automatic"] is False
    await client.delete(PromotionPipeline.type(), "default")
    await reconcile(client)
    assert await client.get(PromotionPipeline.type(), "default")


async def test_an_object_of_another_environment_states_nothing_of_this_one(
    client: MemoryClient,
) -> None:
    await client.create(IDPInstance.type(), {**instance("uat"), "spec": {"environment": "qa"}})
    found = await reconcile(client)
    ready = condition_of(found, "Ready") or {}
    assert (ready["status"], ready["reason"]) == ("False", "OtherEnvironment")
    assert found["status"]["publicKey"] == ""


async def pipeline(client: MemoryClient, name: str, **spec: Any) -> dict[str, Any]:
    body = {"metadata": {"name": name}, "spec": spec}
    await client.create(PromotionPipeline.type(), body)
    await PipelineReconciler(client)(Request("", name))
    return await client.get(PromotionPipeline.type(), name)


async def test_a_pipeline_gets_its_version(client: MemoryClient) -> None:
    found = await pipeline(client, "default", previous="staging")
    spec = PromotionPipeline.parse(found).spec
    assert found["status"]["version"] == spec.version
    assert (condition_of(found, "Ready") or {})["status"] == "True"


async def test_a_pipeline_that_nobody_reads_says_so(client: MemoryClient) -> None:
    ready = condition_of(await pipeline(client, "strict"), "Ready") or {}
    assert (ready["status"], ready["reason"]) == ("False", "NotUsed")
    assert "default" in ready["remedy"]


async def test_an_invalid_pipeline_says_where(client: MemoryClient) -> None:
    found = await pipeline(client, "default", approval={"required": -1})
    ready = condition_of(found, "Ready") or {}
    assert ready["reason"] == "Invalid"
    assert "spec.approval.required" in ready["message"]
