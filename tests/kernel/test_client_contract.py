"""What every `Client` promises, over each of them; `conftest.client` says which."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.kernel.client import Client, WatchEvent, get_or_none
from idp.kernel.errors import AlreadyExists, Conflict, Gone, InvalidInput, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, DEPLOYMENT, NAMESPACE


def config(name: str = "a", namespace: str = "default", **data: str) -> Manifest:
    return {"metadata": {"name": name, "namespace": namespace}, "data": data}


def deployment(**spec: object) -> Manifest:
    return {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
            **spec,
        },
    }


async def take(events: AsyncIterator[WatchEvent], count: int) -> list[WatchEvent]:
    async with asyncio.timeout(10), aclosing(events) as open_events:  # type: ignore[type-var]
        found = []
        async for event in open_events:
            found.append(event)
            if len(found) == count:
                break
    return found


async def test_create_fills_the_metadata(client: Client) -> None:
    created = await client.create(CONFIG_MAP, config(x="1"))
    metadata = created["metadata"]
    assert created["apiVersion"] == "v1"
    assert created["kind"] == "ConfigMap"
    assert metadata["uid"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert int(metadata["resourceVersion"]) > 0
    assert await client.get(CONFIG_MAP, "a", "default") == created


async def test_create_twice_is_refused(client: Client) -> None:
    await client.create(CONFIG_MAP, config())
    with pytest.raises(AlreadyExists):
        await client.create(CONFIG_MAP, config())


async def test_names_are_generated(client: Client) -> None:
    manifest = {"metadata": {"generateName": "job-", "namespace": "default"}}
    first = await client.create(CONFIG_MAP, manifest)
    second = await client.create(CONFIG_MAP, manifest)
    names = {first["metadata"]["name"], second["metadata"]["name"]}
    assert len(names) == 2
    assert all(name.startswith("job-") for name in names)


async def test_what_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound):
        await client.get(CONFIG_MAP, "none", "default")
    with pytest.raises(NotFound):
        await client.patch(CONFIG_MAP, "none", {"data": {}}, "default")
    with pytest.raises(NotFound):
        await client.delete(CONFIG_MAP, "none", "default")
    assert await get_or_none(client, CONFIG_MAP, "none", "default") is None


async def test_list_selects_by_namespace_labels_and_fields(client: Client) -> None:
    await client.create(NAMESPACE, {"metadata": {"name": "other"}})
    for name, namespace, app in (("a", "default", "x"), ("b", "default", "y"), ("c", "other", "x")):
        manifest = config(name, namespace)
        manifest["metadata"]["labels"] = {"app": app}
        await client.create(CONFIG_MAP, manifest)

    async def names(namespace: str | None = None, **selectors: str) -> list[str]:
        listed = await client.list(CONFIG_MAP, namespace, **selectors)
        found = [item["metadata"]["name"] for item in listed.items]
        return [name for name in found if name in "abc"]

    assert await names() == ["a", "b", "c"]
    assert await names("default") == ["a", "b"]
    assert await names(label_selector="app in (x)") == ["a", "c"]
    assert await names("default", label_selector="app!=x,app") == ["b"]
    assert await names(field_selector="metadata.name=b") == ["b"]


async def test_list_items_say_what_they_are(client: Client) -> None:
    await client.create(CONFIG_MAP, config())
    listed = await client.list(CONFIG_MAP, "default")
    assert {(item["apiVersion"], item["kind"]) for item in listed.items} == {("v1", "ConfigMap")}


async def test_watch_continues_from_a_list_without_a_gap(client: Client) -> None:
    listed = await client.list(CONFIG_MAP, "default", label_selector="app=x")
    manifest = config(x="1")
    manifest["metadata"]["labels"] = {"app": "x"}
    await client.create(CONFIG_MAP, manifest)
    await client.create(CONFIG_MAP, config("unseen"))
    await client.patch(CONFIG_MAP, "a", {"data": {"x": "2"}}, "default")
    await client.delete(CONFIG_MAP, "a", "default")
    events = await take(
        client.watch(
            CONFIG_MAP,
            "default",
            resource_version=listed.resource_version,
            label_selector="app=x",
        ),
        3,
    )
    assert [(e.type, e.object["data"]["x"]) for e in events] == [
        ("ADDED", "1"),
        ("MODIFIED", "2"),
        ("DELETED", "2"),
    ]
    versions = [int(e.object["metadata"]["resourceVersion"]) for e in events]
    assert versions == sorted(versions)


@pytest.mark.parametrize("client", ["memory", "local", "http"], indirect=True)
async def test_watch_from_another_server_is_gone(client: Client) -> None:
    """A real server says nothing until it has come that far; the controller's resync heals that."""
    with pytest.raises(Gone):
        await take(client.watch(CONFIG_MAP, "default", resource_version="99999999"), 1)


async def test_update_needs_the_present_version(client: Client) -> None:
    created = await client.create(CONFIG_MAP, config(x="1"))
    changed = {**created, "data": {"x": "2"}}
    updated = await client.update(CONFIG_MAP, changed)
    assert updated["data"] == {"x": "2"}
    assert updated["metadata"]["uid"] == created["metadata"]["uid"]
    with pytest.raises(Conflict):
        await client.update(CONFIG_MAP, {**created, "data": {"x": "3"}})


async def test_a_change_of_nothing_changes_nothing(client: Client) -> None:
    created = await client.create(CONFIG_MAP, config(x="1"))
    patched = await client.patch(CONFIG_MAP, "a", {"data": {"x": "1"}}, "default")
    assert patched["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


async def test_merge_patch_removes_with_null(client: Client) -> None:
    await client.create(CONFIG_MAP, config(x="1", y="2"))
    patched = await client.patch(CONFIG_MAP, "a", {"data": {"x": None, "z": "3"}}, "default")
    assert patched["data"] == {"y": "2", "z": "3"}


async def test_patch_with_a_version_is_checked(client: Client) -> None:
    created = await client.create(CONFIG_MAP, config(x="1"))
    version = created["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "data": {"x": "2"}}
    await client.patch(CONFIG_MAP, "a", patch, "default")
    with pytest.raises(Conflict):
        await client.patch(CONFIG_MAP, "a", patch, "default")


async def test_generation_counts_changes_of_the_spec_only(client: Client) -> None:
    created = await client.create(DEPLOYMENT, deployment())
    assert created["metadata"]["generation"] == 1
    status = {"status": {"replicas": 1, "observedGeneration": 1}}
    patched = await client.patch(DEPLOYMENT, "web", status, "default", subresource="status")
    assert patched["metadata"]["generation"] == 1
    assert patched["status"]["replicas"] == 1
    scaled = await client.patch(DEPLOYMENT, "web", {"spec": {"replicas": 2}}, "default")
    assert scaled["metadata"]["generation"] == 2
    assert scaled["status"]["replicas"] == 1


async def test_apply_creates_and_changes(client: Client) -> None:
    created = await client.apply(CONFIG_MAP, config(x="1", y="2"), field_manager="one")
    assert created["data"] == {"x": "1", "y": "2"}
    changed = await client.apply(CONFIG_MAP, config(x="3"), field_manager="one")
    assert changed["data"] == {"x": "3"}
    again = await client.apply(CONFIG_MAP, config(x="3"), field_manager="one")
    assert again["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


async def test_apply_leaves_the_fields_of_others(client: Client) -> None:
    await client.apply(CONFIG_MAP, config(x="1"), field_manager="one")
    await client.apply(CONFIG_MAP, config(y="2"), field_manager="two")
    changed = await client.apply(CONFIG_MAP, config(x="3"), field_manager="one")
    assert changed["data"] == {"x": "3", "y": "2"}


async def test_a_dry_run_stores_nothing(client: Client) -> None:
    shown = await client.apply(CONFIG_MAP, config(x="1"), field_manager="one", dry_run=True)
    assert shown["data"] == {"x": "1"}
    assert await get_or_none(client, CONFIG_MAP, "a", "default") is None


async def test_finalizers_delay_deletion(client: Client) -> None:
    manifest = config()
    manifest["metadata"]["finalizers"] = ["example.com/wait"]
    await client.create(CONFIG_MAP, manifest)
    await client.delete(CONFIG_MAP, "a", "default")
    waiting = await client.get(CONFIG_MAP, "a", "default")
    assert waiting["metadata"]["deletionTimestamp"]
    await client.patch(CONFIG_MAP, "a", {"metadata": {"finalizers": None}}, "default")
    assert await get_or_none(client, CONFIG_MAP, "a", "default") is None


async def test_deletion_can_insist_on_a_uid(client: Client) -> None:
    created = await client.create(CONFIG_MAP, config())
    with pytest.raises(Conflict):
        await client.delete(CONFIG_MAP, "a", "default", uid="another")
    await client.delete(CONFIG_MAP, "a", "default", uid=created["metadata"]["uid"])


async def test_dependents_are_deleted_with_their_owner(client: Client) -> None:
    owner = await client.create(CONFIG_MAP, config("owner"))
    dependent = config("dependent")
    dependent["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": "owner",
            "uid": owner["metadata"]["uid"],
        }
    ]
    created = await client.create(CONFIG_MAP, dependent)
    await client.delete(CONFIG_MAP, "owner", "default")
    version = created["metadata"]["resourceVersion"]
    events = await take(client.watch(CONFIG_MAP, "default", resource_version=version), 2)
    assert [(e.type, e.object["metadata"]["name"]) for e in events] == [
        ("DELETED", "owner"),
        ("DELETED", "dependent"),
    ]


async def test_what_a_client_gives_is_the_callers_to_change(client: Client) -> None:
    created = await client.create(CONFIG_MAP, config(x="1"))
    created["data"]["x"] = "changed"
    assert (await client.get(CONFIG_MAP, "a", "default"))["data"] == {"x": "1"}


async def test_what_a_client_takes_stays_as_it_was(client: Client) -> None:
    manifest = config(x="1")
    await client.create(CONFIG_MAP, manifest)
    await client.apply(CONFIG_MAP, manifest, field_manager="one")
    assert manifest == config(x="1")


async def test_nonsense_is_refused_as_such(client: Client) -> None:
    await client.create(CONFIG_MAP, config())
    with pytest.raises(InvalidInput):
        await client.list(CONFIG_MAP, "default", label_selector="a b c")


async def test_a_strict_apply_refuses_unknown_fields(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    async with ApiServer(ApiServerSettings(data=tmp_path / "data")) as server:
        server.kubeconfig(path=path)
        async with HttpClient(settings_from_kubeconfig(path)) as client:
            misspelt = {"metadata": {"name": "d", "namespace": "default"}, "spec": {"replcas": 1}}
            with pytest.raises(InvalidInput, match=r"spec\.replcas"):
                await client.apply(DEPLOYMENT, misspelt, field_manager="test", strict=True)
