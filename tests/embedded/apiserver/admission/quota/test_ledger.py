"""Quotas of a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.embedded.apiserver.admission.quota.ledger import QuotaLedger
from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from idp.embedded.apiserver.storage.record import Key
from idp.kernel.client import Client
from idp.kernel.errors import Forbidden, IdpError
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CONFIG_MAP, CUSTOM_RESOURCE_DEFINITION, NAMESPACE, POD

QUOTA = ResourceType("", "v1", "ResourceQuota", "resourcequotas")
CLAIM = ResourceType("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")


def config_map(name: str, namespace: str = "default") -> Manifest:
    return {"metadata": {"name": name, "namespace": namespace}}


def quota(name: str = "q", **hard: str) -> Manifest:
    named = {key.replace("__", "/").replace("_", "."): value for key, value in hard.items()}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"hard": named}}


def pod(name: str, cpu: str, **spec: object) -> Manifest:
    resources = {"requests": {"cpu": cpu}}
    container = {"name": "c", "image": "x", "resources": resources}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [container], **spec},
    }


async def eventually(client: Client, expected: dict[str, str], name: str = "q") -> None:
    """Wait until the status of a quota says this."""
    async with asyncio.timeout(20):
        while True:
            found = await client.get(QUOTA, name, "default")
            if found.get("status", {}).get("used") == expected:
                return
            await asyncio.sleep(0.01)


async def settled(client: Client) -> None:
    """Wait for what every namespace has from the start: one ConfigMap."""
    async with asyncio.timeout(20):
        while True:
            if (await client.list(CONFIG_MAP, "default")).items:
                return
            await asyncio.sleep(0.01)


@pytest.fixture
async def client(server: ApiServer) -> LocalClient:
    client = server.client("admin", ["system:masters"])
    await settled(client)
    return client


async def test_many_at_once_never_pass_the_last_slot(client: LocalClient) -> None:
    await client.create(QUOTA, quota(configmaps="6", count__configmaps="100"))
    made = await asyncio.gather(
        *(client.create(CONFIG_MAP, config_map(f"c{n}")) for n in range(30)),
        return_exceptions=True,
    )
    refused = [error for error in made if isinstance(error, Forbidden)]
    assert len(refused) == 25
    assert str(refused[0]).startswith(
        'configmaps "c5" is forbidden: exceeded quota: q, requested: configmaps=1, used: '
        "configmaps=6, limited: configmaps=6"
    )
    await eventually(client, {"configmaps": "6", "count/configmaps": "6"})
    assert len((await client.list(CONFIG_MAP, "default")).items) == 6


async def test_a_place_that_becomes_free_is_given_again(client: LocalClient) -> None:
    await client.create(QUOTA, quota(configmaps="2"))
    await client.create(CONFIG_MAP, config_map("a"))
    for _ in range(3):
        with pytest.raises(Forbidden):
            await client.create(CONFIG_MAP, config_map("b"))
        await client.delete(CONFIG_MAP, "a", "default")
        await client.create(CONFIG_MAP, config_map("a"))


async def test_a_write_that_fails_or_is_only_tried_takes_no_place(client: LocalClient) -> None:
    await client.create(QUOTA, quota(configmaps="2"))
    for _ in range(3):
        manifest = {**config_map("a"), "apiVersion": "v1", "kind": "ConfigMap"}
        await client.apply(CONFIG_MAP, manifest, field_manager="me", dry_run=True)
        with pytest.raises(IdpError):
            await client.create(CONFIG_MAP, config_map("Not A Name"))
    await client.create(CONFIG_MAP, config_map("a"))
    with pytest.raises(IdpError, match="already exists"):
        await client.create(CONFIG_MAP, config_map("a"))
    await eventually(client, {"configmaps": "2"})


async def test_what_pods_ask_for_adds_up(client: LocalClient) -> None:
    await client.create(QUOTA, quota(requests_cpu="1", pods="5"))
    await client.create(POD, pod("a", "600m"))
    with pytest.raises(
        Forbidden,
        match=r"exceeded quota: q, requested: requests\.cpu=500m, used: requests\.cpu=600m, "
        r"limited: requests\.cpu=1",
    ):
        await client.create(POD, pod("b", "500m"))
    bare = {"containers": [{"name": "c", "image": "x"}]}
    with pytest.raises(Forbidden, match=r"failed quota: q: must specify requests\.cpu for: c"):
        await client.create(POD, {**pod("b", "1"), "spec": bare})
    await client.create(POD, pod("b", "400m"))
    await eventually(client, {"pods": "2", "requests.cpu": "1"})
    await client.patch(
        POD, "a", {"status": {"phase": "Succeeded"}}, "default", subresource="status"
    )
    await client.create(POD, pod("c", "600m"))


async def test_a_claim_that_grows_is_counted_again(client: LocalClient) -> None:
    await client.create(QUOTA, quota(requests_storage="3Gi"))

    def asking(size: str) -> Manifest:
        return {"spec": {"resources": {"requests": {"storage": size}}}}

    claim = {"metadata": {"name": "v", "namespace": "default"}}
    modes = {"accessModes": ["ReadWriteOnce"]}
    await client.create(CLAIM, {**claim, "spec": {**modes, **asking("1Gi")["spec"]}})
    await client.patch(CLAIM, "v", asking("3Gi"), "default")
    with pytest.raises(Forbidden, match=r"requested: requests\.storage=1Gi, used: "):
        await client.patch(CLAIM, "v", asking("4Gi"), "default")
    await eventually(client, {"requests.storage": "3Gi"})


async def test_a_quota_counts_what_was_there_and_follows_its_own_changes(
    client: LocalClient,
) -> None:
    await client.create(CONFIG_MAP, config_map("a"))
    await client.create(QUOTA, quota(configmaps="1"))
    await eventually(client, {"configmaps": "2"})
    with pytest.raises(Forbidden, match="used: configmaps=2, limited: configmaps=1"):
        await client.create(CONFIG_MAP, config_map("b"))
    await client.patch(QUOTA, "q", {"spec": {"hard": {"configmaps": "3"}}}, "default")
    await client.create(CONFIG_MAP, config_map("b"))
    await client.delete(QUOTA, "q", "default")
    await client.create(CONFIG_MAP, config_map("c"))
    await client.create(QUOTA, quota("again", configmaps="9"))
    await eventually(client, {"configmaps": "4"}, "again")


async def test_it_counts_the_same_after_a_restart(tmp_path: Path) -> None:
    place = ApiServerSettings(data=tmp_path / "data")
    async with ApiServer(place) as server:
        client = server.client("admin", ["system:masters"])
        await settled(client)
        await client.create(QUOTA, quota(configmaps="2"))
        await client.create(CONFIG_MAP, config_map("a"))
    async with ApiServer(place) as server:
        client = server.client("admin", ["system:masters"])
        with pytest.raises(Forbidden, match="exceeded quota"):
            await client.create(CONFIG_MAP, config_map("b"))


async def test_custom_kinds_are_counted_by_name(
    client: LocalClient, widget_definition: Callable[..., Manifest], widget_type: ResourceType
) -> None:
    await client.create(QUOTA, quota(count__widgets_example_com="1"))
    await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
    widget = {"metadata": {"name": "a", "namespace": "default"}, "spec": {"size": 1}}
    await client.create(widget_type, widget)
    widget["metadata"] = {"name": "b", "namespace": "default"}
    with pytest.raises(Forbidden, match=r"requested: count/widgets\.example\.com=1"):
        await client.create(widget_type, widget)


async def test_other_namespaces_are_free(client: LocalClient) -> None:
    await client.create(QUOTA, quota(configmaps="0"))
    await client.create(NAMESPACE, {"metadata": {"name": "other"}})
    await client.create(CONFIG_MAP, config_map("a", "other"))


@given(st.lists(st.tuples(st.sampled_from(["create", "delete"]), st.integers(0, 5)), max_size=30))
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_whatever_happens_the_total_is_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    async with ApiServer(ApiServerSettings(data=folder)) as server:
        client = server.client("admin", ["system:masters"])
        await settled(client)
        await client.create(QUOTA, quota(configmaps="4"))

        async def act(action: str, number: int) -> None:
            if action == "create":
                await client.create(CONFIG_MAP, config_map(f"c{number}"))
            else:
                await client.delete(CONFIG_MAP, f"c{number}", "default")

        await asyncio.gather(*(act(*action) for action in actions), return_exceptions=True)
        ledger: QuotaLedger = server.gates.ledger
        account = ledger.account(Key("/resourcequotas", "default", "q"))
        assert account is not None
        there = len((await client.list(CONFIG_MAP, "default")).items)
        assert there <= 4
        assert account.used["configmaps"].value == there
        assert account.reserved == {}
        assert all(amount.value == 0 for amount in account.held.values())
