"""The verbs end to end, in the process and over TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer
from idp.kernel.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import (
    CONFIG_MAP,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    NAMESPACE,
    POD,
    SERVICE_ACCOUNT,
)


def config(name: str, **data: str) -> Manifest:
    return {"metadata": {"name": name, "namespace": "default"}, "data": data}


def deployment(name: str = "web") -> Manifest:
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    }


async def until(client: LocalClient | HttpClient, type: ResourceType, name: str) -> None:
    """Wait until an object is gone."""
    listed = await client.list(type)
    if not any(item["metadata"]["name"] == name for item in listed.items):
        return
    async for event in client.watch(type, resource_version=listed.resource_version):
        if event.type == "DELETED" and event.object["metadata"]["name"] == name:
            return


async def test_create_get_update_delete_over_tls(http: HttpClient) -> None:
    created = await http.create(CONFIG_MAP, config("a", x="1"))
    assert created["metadata"]["uid"]
    created["data"]["x"] = "2"
    updated = await http.update(CONFIG_MAP, created)
    assert updated["data"] == {"x": "2"}
    with pytest.raises(Conflict):
        await http.update(CONFIG_MAP, created)
    await http.delete(CONFIG_MAP, "a", "default")
    with pytest.raises(NotFound):
        await http.get(CONFIG_MAP, "a", "default")


async def test_watch_sees_every_change_in_order(client: LocalClient, http: HttpClient) -> None:
    listed = await http.list(CONFIG_MAP, "default")
    events = http.watch(CONFIG_MAP, "default", resource_version=listed.resource_version)
    await client.create(CONFIG_MAP, config("a", x="1"))
    await client.patch(CONFIG_MAP, "a", {"data": {"x": "2"}}, "default")
    await client.delete(CONFIG_MAP, "a", "default")
    seen = []
    async for event in events:
        if event.object["metadata"]["name"] == "a":
            seen.append((event.type, event.object["data"]["x"]))
        if len(seen) == 3:
            break
    assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]


async def test_old_watch_is_gone(client: LocalClient) -> None:
    with pytest.raises(Gone):
        async for _ in client.watch(CONFIG_MAP, resource_version="999999"):
            pass


async def test_deployment_gets_the_defaults_and_counts_generations(client: LocalClient) -> None:
    created = await client.create(DEPLOYMENT, deployment())
    spec = created["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert spec["template"]["spec"]["restartPolicy"] == "Always"
    assert spec["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert created["metadata"]["generation"] == 1
    patched = await client.patch(DEPLOYMENT, "web", {"spec": {"replicas": 2}}, "default")
    assert patched["metadata"]["generation"] == 2
    status = {"status": {"replicas": 2}}
    after = await client.patch(DEPLOYMENT, "web", status, "default", subresource="status")
    assert after["status"]["replicas"] == 2
    assert after["metadata"]["generation"] == 2


async def test_scale(client: LocalClient) -> None:
    await client.create(DEPLOYMENT, deployment())
    scale = {"spec": {"replicas": 5}}
    answer = await client.patch(DEPLOYMENT, "web", scale, "default", subresource="scale")
    assert answer["kind"] == "Scale"
    assert (await client.get(DEPLOYMENT, "web", "default"))["spec"]["replicas"] == 5


async def test_custom_kind_is_served_at_once(
    client: LocalClient,
    http: HttpClient,
    widget_definition: Callable[..., Manifest],
    widget_type: ResourceType,
) -> None:
    created = await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
    conditions = {c["type"]: c["status"] for c in created["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    metadata = {"name": "w", "namespace": "default"}
    body = {"metadata": metadata, "spec": {"size": 2, "unknown": 1}}
    widget = await http.create(widget_type, body)
    assert widget["spec"] == {"size": 2, "color": "red"}
    with pytest.raises(Invalid, match=r"spec.size: Invalid value: 0: spec.size in body should be"):
        await client.patch(widget_type, "w", {"spec": {"size": 0}}, "default")
    await client.delete(CUSTOM_RESOURCE_DEFINITION, "widgets.example.com")
    await until(client, CUSTOM_RESOURCE_DEFINITION, "widgets.example.com")
    with pytest.raises(NotFound):
        await client.get(widget_type, "w", "default")


async def test_namespace_is_emptied_before_it_goes(client: LocalClient) -> None:
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    async for event in client.watch(SERVICE_ACCOUNT, "demo", resource_version="0"):
        assert event.object["metadata"]["name"] == "default"
        break
    await client.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "demo"}})
    await client.delete(NAMESPACE, "demo")
    await until(client, NAMESPACE, "demo")
    assert (await client.list(CONFIG_MAP, "demo")).items == []
    with pytest.raises(NotFound):
        await client.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "demo"}})


async def test_dependents_follow_their_owner(client: LocalClient) -> None:
    owner = await client.create(DEPLOYMENT, deployment())
    reference = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "web",
        "uid": owner["metadata"]["uid"],
    }
    child = config("child")
    child["metadata"]["ownerReferences"] = [reference]
    await client.create(CONFIG_MAP, child)
    await client.delete(DEPLOYMENT, "web", "default")
    await until(client, CONFIG_MAP, "child")


async def test_a_user_without_rights_is_refused(server: ApiServer) -> None:
    alice = server.client("alice")
    with pytest.raises(Forbidden, match='User "alice" cannot list resource "pods"'):
        await alice.list(POD, "default")


async def test_writes_survive_a_restart(server: ApiServer, client: LocalClient) -> None:
    created = await client.create(CONFIG_MAP, config("a", x="1"))
    await server.stop()
    async with ApiServer(server.settings) as again:
        other = again.client("admin", ["system:masters"])
        found = await other.get(CONFIG_MAP, "a", "default")
        assert found == created
        with pytest.raises(Gone):
            async for _ in other.watch(
                CONFIG_MAP, resource_version=created["metadata"]["resourceVersion"]
            ):
                pass
        next_one = await other.create(CONFIG_MAP, config("b"))
        assert int(next_one["metadata"]["resourceVersion"]) > int(
            created["metadata"]["resourceVersion"]
        )
        await asyncio.sleep(0)
