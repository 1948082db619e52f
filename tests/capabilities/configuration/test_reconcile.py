from __future__ import annotations

from typing import Any

import pytest
import yaml

from idp.capabilities.configuration.decide import MAX_BYTES
from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.capabilities.configuration.reconcile import ConfigurationReconciler
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP

KIND = ApplicationConfiguration.type()
REQUEST = Request("demo", "shop-config")


@pytest.fixture
def client() -> MemoryClient:
    return MemoryClient()


async def create(client: MemoryClient, **spec: Any) -> Manifest:
    metadata = {"name": "shop-config", "namespace": "demo"}
    return await client.create(KIND, {"metadata": metadata, "spec": spec})


async def reconcile(client: MemoryClient, environment: str = "development") -> Manifest:
    await ConfigurationReconciler(client, environment)(REQUEST)
    return await client.get(KIND, "shop-config", "demo")


async def change(client: MemoryClient, spec: Manifest) -> None:
    await client.patch(KIND, "shop-config", {"spec": spec}, "demo")


def ready(manifest: Manifest) -> tuple[str, str]:
    condition = condition_of(manifest, "Ready")
    assert condition is not None
    return condition["status"], condition["reason"]


async def test_delivers_a_config_map_with_its_digest(client: MemoryClient) -> None:
    owner = await create(client, environments={"development": {"debug": True}})
    manifest = await reconcile(client)
    delivered = await client.get(CONFIG_MAP, "shop-config", "demo")
    assert yaml.safe_load(delivered["data"]["configuration.yaml"]) == {"debug": True}
    assert delivered["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
    assert ready(manifest) == ("True", "Delivered")
    assert manifest["status"]["configMap"] == "shop-config"
    annotations = delivered["metadata"]["annotations"]
    assert manifest["status"]["digest"] == annotations["platform.idp/configuration-digest"]


async def test_a_second_reconciliation_writes_nothing(client: MemoryClient) -> None:
    await create(client, environments={"development": {"debug": True}})
    first = await reconcile(client)
    second = await reconcile(client)
    assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]


async def test_an_unknown_environment_says_so_and_keeps_what_was_delivered(
    client: MemoryClient,
) -> None:
    await create(client, environments={"development": {"debug": True}, "uat": {}})
    await reconcile(client)
    await change(client, {"environments": {"development": None}})
    manifest = await reconcile(client)
    assert ready(manifest) == ("False", "UnknownEnvironment")
    condition = condition_of(manifest, "Ready")
    assert condition is not None
    assert "uat" in condition["message"]
    assert "spec.environments.development" in condition["remedy"]
    assert await client.get(CONFIG_MAP, "shop-config", "demo")


async def test_defaults_serve_every_environment(client: MemoryClient) -> None:
    await create(client, defaults={"debug": False}, environments={"production": {}})
    assert ready(await reconcile(client)) == ("True", "DefaultsDelivered")


async def test_a_config_map_of_somebody_else_is_left_alone(client: MemoryClient) -> None:
    foreign = {"metadata": {"name": "shop-config", "namespace": "demo"}, "data": {"mine": "1"}}
    await client.create(CONFIG_MAP, foreign)
    await create(client, environments={"development": {}})
    assert ready(await reconcile(client)) == ("False", "NameTaken")
    assert (await client.get(CONFIG_MAP, "shop-config", "demo"))["data"] == {"mine": "1"}


async def test_more_than_a_config_map_holds_is_refused(client: MemoryClient) -> None:
    await create(client, environments={"development": {"blob": "x" * MAX_BYTES}})
    assert ready(await reconcile(client)) == ("False", "TooLarge")


async def test_a_stored_spec_that_cannot_be_read_says_which_field(client: MemoryClient) -> None:
    await create(client, environments={"development": {}}, sealed=True)
    manifest = await reconcile(client)
    assert ready(manifest) == ("False", "InvalidSpec")
    condition = condition_of(manifest, "Ready")
    assert condition is not None
    assert "spec.sealed" in condition["message"]


async def test_a_deleted_one_is_none_of_its_business(client: MemoryClient) -> None:
    await ConfigurationReconciler(client, "development")(REQUEST)
