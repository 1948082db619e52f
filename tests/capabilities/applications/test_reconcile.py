"""The reconciler against the in-memory API, and the controller as it runs in an instance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from idp.capabilities.applications.capability import application_controller
from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.applications.reconcile import ApplicationReconciler, Settings
from idp.capabilities.applications.render import RENDERED_TYPES
from idp.capabilities.configuration.capability import configuration_controller
from idp.capabilities.configuration.kinds import ApplicationConfiguration
from idp.capabilities.promotion.kinds import Release
from idp.kernel.client import get_or_none
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Controller, Request
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.standard import (
    DEPLOYMENT,
    POD,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    VIRTUAL_SERVICE,
)

KIND = WebApplication.type()
SETTINGS = Settings(environment="development", gateway_port=8443)


@pytest.fixture
def client() -> MemoryClient:
    return MemoryClient()


async def create(
    client: MemoryClient,
    name: str = "hello",
    *,
    namespace: str = "demo",
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> Manifest:
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    return await client.create(KIND, {"metadata": metadata, "spec": spec})


async def reconcile(client: MemoryClient, settings: Settings = SETTINGS) -> Manifest:
    await ApplicationReconciler(client, settings)(Request("demo", "hello"))
    return await client.get(KIND, "hello", "demo")


async def kinds(client: MemoryClient) -> set[str]:
    found = [await get_or_none(client, t, "hello", "demo") for t in RENDERED_TYPES]
    return {manifest["kind"] for manifest in found if manifest is not None}


def reason(manifest: Manifest, type: str = "Ready") -> str:
    condition = condition_of(manifest, type)
    assert condition is not None
    return str(condition["reason"])


async def roll_out(client: MemoryClient, image: str) -> None:
    """Do what the Deployment's controller would."""
    live = await client.get(DEPLOYMENT, "hello", "demo")
    count = live["spec"]["replicas"]
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), count)
    status = {"observedGeneration": live["metadata"]["generation"], **counts}
    await client.patch(DEPLOYMENT, "hello", {"status": status}, "demo", subresource="status")
    await client.create(
        POD,
        {
            "metadata": {
                "name": "hello-1",
                "namespace": "demo",
                "labels": live["spec"]["template"]["metadata"]["labels"],
            },
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "imageID": image}],
            },
        },
    )


async def test_an_image_becomes_owned_objects_and_a_url(client: MemoryClient, image: str) -> None:
    owner = await create(client, image=image, labels={"platform.idp/release": "hello-r1"})
    assert reason(await reconcile(client)) == "Progressing"
    assert await kinds(client) == {
        "ServiceAccount",
        "NetworkPolicy",
        "Service",
        "Deployment",
        "VirtualService",
    }
    service = await client.get(SERVICE, "hello", "demo")
    assert service["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
    await roll_out(client, image)
    status = (await reconcile(client))["status"]
    assert status["url"] == "http://hello.development.localhost:8443"
    assert (status["image"], status["readyReplicas"]) == (image, 1)
    assert status["release"] == "hello-r1"
    assert status["observedGeneration"] == 1
    assert status["conditions"][0]["status"] == "True"


async def test_a_second_reconciliation_writes_nothing(client: MemoryClient, image: str) -> None:
    await create(client, image=image)
    await reconcile(client)
    before = (await client.list(KIND)).resource_version
    await reconcile(client)
    assert (await client.list(KIND)).resource_version == before


async def test_what_is_no_longer_rendered_goes_away(client: MemoryClient, image: str) -> None:
    await create(client, image=image, replicas=2)
    await reconcile(client)
    assert await get_or_none(client, POD_DISRUPTION_BUDGET, "hello", "demo")
    await client.patch(KIND, "hello", {"spec": {"replicas": 1}}, "demo")
    await reconcile(client)
    assert await get_or_none(client, POD_DISRUPTION_BUDGET, "hello", "demo") is None
    await client.patch(KIND, "hello", {"spec": {"image": None}}, "demo")
    assert reason(await reconcile(client)) == "NothingToRun"
    assert await kinds(client) == set()


async def test_a_changed_object_is_put_right(client: MemoryClient, image: str) -> None:
    await create(client, image=image)
    await reconcile(client)
    await client.patch(SERVICE, "hello", {"spec": {"type": "NodePort"}}, "demo")
    await reconcile(client)
    assert (await client.get(SERVICE, "hello", "demo"))["spec"]["type"] == "ClusterIP"


async def test_somebody_elses_object_is_not_touched(client: MemoryClient, image: str) -> None:
    await client.create(
        SERVICE, {"metadata": {"name": "hello", "namespace": "demo"}, "spec": {"type": "NodePort"}}
    )
    await create(client, image=image)
    assert reason(await reconcile(client)) == "NameTaken"
    assert await kinds(client) == {"Service"}


async def test_an_image_that_is_not_admitted_leaves_what_runs(
    client: MemoryClient, image: str
) -> None:
    enforce = Settings(environment="uat", gateway_port=8443, admission=True)
    other = image.replace("a1", "b2")
    await client.create(
        Release.type(),
        {
            "metadata": {"name": "hello-r1", "namespace": "demo"},
            "spec": {"application": "hello", "image": image},
            "status": {"conditions": [{"type": "Admitted", "status": "True", "reason": "Ok"}]},
        },
    )
    await create(client, image=image)
    assert reason(await reconcile(client, enforce), "Admitted") == "Released"
    await client.patch(KIND, "hello", {"spec": {"image": other, "replicas": 9}}, "demo")
    manifest = await reconcile(client, enforce)
    assert reason(manifest, "Admitted") == reason(manifest) == "NoRelease"
    live = await client.get(DEPLOYMENT, "hello", "demo")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == image


async def test_a_spec_that_cannot_be_read_is_named_and_nothing_touched(
    client: MemoryClient, image: str
) -> None:
    await create(client, image=image, sidecars=[])
    manifest = await reconcile(client)
    assert reason(manifest) == "InvalidSpec"
    assert await kinds(client) == set()


async def test_a_condition_keeps_its_date_while_its_status_stays(
    client: MemoryClient, image: str
) -> None:
    await create(client)
    first = condition_of(await reconcile(client), "Ready")
    await client.patch(KIND, "hello", {"spec": {"image": image}}, "demo")
    second = condition_of(await reconcile(client), "Ready")
    assert first is not None
    assert second is not None
    assert first["reason"] != second["reason"]
    assert first["lastTransitionTime"] == second["lastTransitionTime"]


async def test_a_deleted_application_is_none_of_its_business(client: MemoryClient) -> None:
    await ApplicationReconciler(client, SETTINGS)(Request("demo", "hello"))


# --- running -----------------------------------------------------------------------------------


@asynccontextmanager
async def running(*controllers: Controller) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(controller.run()) for controller in controllers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(client: MemoryClient, type: Any, name: str, namespace: str, test: Any) -> Manifest:
    """Wait until an object meets a test."""
    listed = await client.list(type, namespace)
    for manifest in listed.items:
        if manifest["metadata"]["name"] == name and test(manifest):
            return manifest
    async for event in client.watch(type, namespace, resource_version=listed.resource_version):
        manifest = event.object
        if manifest["metadata"]["name"] == name and test(manifest):
            return manifest
    raise AssertionError("the watch ended")


async def test_a_changed_configuration_starts_new_replicas(
    client: MemoryClient, image: str
) -> None:
    config_kind = ApplicationConfiguration.type()
    await client.create(
        config_kind,
        {
            "metadata": {"name": "hello-config", "namespace": "demo"},
            "spec": {"environments": {"development": {"greeting": "hello"}}},
        },
    )
    await create(client, image=image)

    def digest(deployment: Manifest) -> str:
        annotations = deployment["spec"]["template"]["metadata"].get("annotations", {})
        return str(annotations.get("platform.idp/configuration-digest", ""))

    controllers = (
        application_controller(client, SETTINGS),
        configuration_controller(client, "development"),
    )
    async with running(*controllers):
        first = digest(await until(client, DEPLOYMENT, "hello", "demo", digest))
        change = {"spec": {"environments": {"development": {"greeting": "bye"}}}}
        await client.patch(config_kind, "hello-config", change, "demo")
        await until(client, DEPLOYMENT, "hello", "demo", lambda d: digest(d) != first)


async def test_a_host_moves_on_when_its_older_owner_goes(client: MemoryClient, image: str) -> None:
    await create(client, "first", namespace="a", image=image, hosts=["shop.example.org"])
    await create(client, "second", namespace="b", image=image, hosts=["shop.example.org"])
    async with running(application_controller(client, SETTINGS)):
        own = ["second.development.localhost"]
        await until(client, VIRTUAL_SERVICE, "second", "b", lambda v: v["spec"]["hosts"] == own)
        await client.delete(KIND, "first", "a")
        both = [*own, "shop.example.org"]
        await until(client, VIRTUAL_SERVICE, "second", "b", lambda v: v["spec"]["hosts"] == both)
