"""Cascades, finalizers, and the life of namespaces and definitions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.client import get_or_none
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import (
    CONFIG_MAP,
    CUSTOM_RESOURCE_DEFINITION,
    EVENT,
    NAMESPACE,
    POD,
    SERVICE_ACCOUNT,
)


def config(name: str, owners: Sequence[Manifest] = (), **metadata: object) -> Manifest:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for owner in owners
    ]
    return {
        "metadata": {
            "name": name,
            "namespace": "default",
            "ownerReferences": references,
            **metadata,
        }
    }


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition that follows from work in the background."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def gone(client: LocalClient, name: str, type: ResourceType = CONFIG_MAP) -> None:
    namespace = "default" if type.namespaced else None

    async def is_gone() -> bool:
        return await get_or_none(client, type, name, namespace) is None

    await eventually(is_gone)


async def test_an_object_lives_as_long_as_one_owner(client: LocalClient) -> None:
    one = await client.create(CONFIG_MAP, config("one"))
    two = await client.create(CONFIG_MAP, config("two"))
    await client.create(CONFIG_MAP, config("child", [one, two]))
    await client.delete(CONFIG_MAP, "one", "default")

    async def disowned() -> bool:
        child = await client.get(CONFIG_MAP, "child", "default")
        return [o["name"] for o in child["metadata"]["ownerReferences"]] == ["two"]

    await eventually(disowned)
    await client.delete(CONFIG_MAP, "two", "default")
    await gone(client, "child")


async def test_foreground_waits_for_the_dependents(client: LocalClient) -> None:
    owner = await client.create(CONFIG_MAP, config("owner"))
    held = config("child", [owner], finalizers=["example.com/hold"])
    await client.create(CONFIG_MAP, held)
    await client.delete(CONFIG_MAP, "owner", "default", propagation="Foreground")

    async def child_is_deleted() -> bool:
        child = await client.get(CONFIG_MAP, "child", "default")
        return "deletionTimestamp" in child["metadata"]

    await eventually(child_is_deleted)
    waiting = await client.get(CONFIG_MAP, "owner", "default")
    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
    await client.patch(CONFIG_MAP, "child", {"metadata": {"finalizers": []}}, "default")
    await gone(client, "owner")


async def test_foreground_does_not_wait_for_what_does_not_block(client: LocalClient) -> None:
    owner = await client.create(CONFIG_MAP, config("owner"))
    free = config("child", [owner], finalizers=["example.com/hold"])
    free["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = False
    await client.create(CONFIG_MAP, free)
    await client.delete(CONFIG_MAP, "owner", "default", propagation="Foreground")
    await gone(client, "owner")

    async def child_is_deleted() -> bool:
        child = await client.get(CONFIG_MAP, "child", "default")
        return "deletionTimestamp" in child["metadata"]

    await eventually(child_is_deleted)


async def test_orphans_stay_without_their_owner(client: LocalClient) -> None:
    owner = await client.create(CONFIG_MAP, config("owner"))
    await client.create(CONFIG_MAP, config("child", [owner]))
    await client.delete(CONFIG_MAP, "owner", "default", propagation="Orphan")
    await gone(client, "owner")
    child = await client.get(CONFIG_MAP, "child", "default")
    assert not child["metadata"].get("ownerReferences")


async def test_a_chain_goes_to_its_end(client: LocalClient) -> None:
    first = await client.create(CONFIG_MAP, config("n0"))
    owner = first
    for number in range(1, 6):
        owner = await client.create(CONFIG_MAP, config(f"n{number}", [owner]))
    await client.delete(CONFIG_MAP, "n0", "default")
    await gone(client, "n5")


async def test_an_object_whose_owner_never_was_is_collected(client: LocalClient) -> None:
    ghost: Manifest = {"metadata": {"name": "ghost", "uid": "no-such-uid"}}
    await client.create(CONFIG_MAP, config("child", [ghost]))
    await gone(client, "child")


async def test_an_owner_of_an_unknown_kind_is_left_alone(client: LocalClient) -> None:
    manifest = config("child")
    owner = {"apiVersion": "x.example.com/v1", "kind": "X", "name": "x", "uid": "u"}
    manifest["metadata"]["ownerReferences"] = [owner]
    await client.create(CONFIG_MAP, manifest)
    probe = await client.create(CONFIG_MAP, config("probe"))
    await client.create(CONFIG_MAP, config("after", [probe]))
    await client.delete(CONFIG_MAP, "probe", "default")
    await gone(client, "after")
    assert await get_or_none(client, CONFIG_MAP, "child", "default") is not None


async def test_a_cascade_continues_after_a_restart(server: ApiServer, client: LocalClient) -> None:
    owner = await client.create(CONFIG_MAP, config("owner"))
    await client.create(CONFIG_MAP, config("child", [owner]))
    for part in server._machinery.parts:
        await part.worker.stop()
    await client.delete(CONFIG_MAP, "owner", "default")
    await server.stop()
    async with ApiServer(server.settings) as again:
        await gone(again.client("admin", ["system:masters"]), "child")


async def test_a_namespace_says_what_keeps_it(client: LocalClient) -> None:
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    held: Manifest = {
        "metadata": {"name": "a", "namespace": "demo", "finalizers": ["example.com/hold"]}
    }
    await client.create(CONFIG_MAP, held)
    await client.delete(NAMESPACE, "demo")

    async def explained() -> bool:
        namespace = await client.get(NAMESPACE, "demo")
        conditions = namespace["status"].get("conditions") or []
        return [c["status"] for c in conditions] == ["False", "False", "False", "True", "True"]

    await eventually(explained)
    status = (await client.get(NAMESPACE, "demo"))["status"]
    assert status["phase"] == "Terminating"
    assert [c["message"] for c in status["conditions"][3:]] == [
        "Some resources are remaining: configmaps. has 1 resource instances",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource "
        "instances",
    ]
    patch: Manifest = {"metadata": {"finalizers": None}}
    await client.patch(CONFIG_MAP, "a", patch, "demo")
    await gone(client, "demo", NAMESPACE)


async def test_pods_go_before_what_protects_others_from_them(client: LocalClient) -> None:
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    pod: Manifest = {
        "metadata": {"name": "p", "namespace": "demo", "finalizers": ["example.com/hold"]},
        "spec": {"containers": [{"name": "c", "image": "x"}]},
    }
    await client.create(POD, pod)
    await client.create(CONFIG_MAP, {"metadata": {"name": "policy", "namespace": "demo"}})
    await client.delete(NAMESPACE, "demo")

    async def explained() -> bool:
        namespace = await client.get(NAMESPACE, "demo")
        return bool(namespace["status"].get("conditions"))

    await eventually(explained)
    policy = await client.get(CONFIG_MAP, "policy", "demo")
    assert "deletionTimestamp" not in policy["metadata"]
    await client.patch(POD, "p", {"metadata": {"finalizers": None}}, "demo")
    await gone(client, "demo", NAMESPACE)


async def test_a_namespace_waits_for_the_finalizers_of_others(client: LocalClient) -> None:
    spec = {"finalizers": ["example.com/billing"]}
    made = await client.create(NAMESPACE, {"metadata": {"name": "demo"}, "spec": spec})
    assert made["spec"]["finalizers"] == ["example.com/billing", "kubernetes"]
    await client.delete(NAMESPACE, "demo")

    async def emptied() -> bool:
        namespace = await client.get(NAMESPACE, "demo")
        return bool(namespace["spec"].get("finalizers") == ["example.com/billing"])

    await eventually(emptied)
    namespace = await client.get(NAMESPACE, "demo")
    namespace["spec"] = {}
    await client.update(NAMESPACE, namespace, subresource="finalize")
    await gone(client, "demo", NAMESPACE)


async def test_a_default_service_account_comes_back(client: LocalClient) -> None:
    async def there() -> bool:
        return await get_or_none(client, SERVICE_ACCOUNT, "default", "default") is not None

    await eventually(there)
    await client.delete(SERVICE_ACCOUNT, "default", "default")
    await eventually(there)


async def test_a_definition_goes_after_its_objects(
    client: LocalClient, widget_definition: Callable[..., Manifest], widget_type: ResourceType
) -> None:
    await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
    held: Manifest = {
        "metadata": {"name": "w", "namespace": "default", "finalizers": ["example.com/hold"]},
        "spec": {"size": 1},
    }
    await client.create(widget_type, held)
    await client.delete(CUSTOM_RESOURCE_DEFINITION, "widgets.example.com")

    async def widget_is_deleted() -> bool:
        widget = await client.get(widget_type, "w", "default")
        return "deletionTimestamp" in widget["metadata"]

    await eventually(widget_is_deleted)
    assert await client.get(CUSTOM_RESOURCE_DEFINITION, "widgets.example.com")
    await client.patch(widget_type, "w", {"metadata": {"finalizers": []}}, "default")
    await gone(client, "widgets.example.com", CUSTOM_RESOURCE_DEFINITION)


async def test_events_expire(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    clock = [now]
    server = ApiServer(ApiServerSettings(data=tmp_path / "data"), clock=lambda: clock[0])
    async with server:
        client = server.client("admin", ["system:masters"])
        event: Manifest = {
            "metadata": {"name": "e", "namespace": "default"},
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
            "reason": "Started",
            "type": "Normal",
        }
        await client.create(EVENT, event)
        await server._machinery.expiry.expire()
        assert await get_or_none(client, EVENT, "e", "default") is not None
        clock[0] = now + timedelta(hours=1, seconds=5)
        await server._machinery.expiry.expire()
        assert await get_or_none(client, EVENT, "e", "default") is None
