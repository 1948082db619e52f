"""A real control plane does what an instance needs of its API; see also `tests/kernel`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from idp.kernel.client import get_or_none
from idp.kernel.errors import Forbidden, IdpError, InvalidInput
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.resource import Manifest
from idp.kernel.standard import (
    CLUSTER_ROLE,
    CONFIG_MAP,
    ENDPOINTS,
    NAMESPACE,
    POD,
    SECRET,
    SERVICE_ACCOUNT,
    THIS_MACHINE,
)
from support.control_plane import RealApi

pytestmark = pytest.mark.timeout(240)

NAME = "machinery"


@pytest.fixture
async def client(real_api: RealApi) -> AsyncIterator[HttpClient]:
    """With all rights, and a namespace of the test's own, which is gone at the end."""
    async with HttpClient(settings_from_kubeconfig(real_api.kubeconfig)) as client:
        await client.create(NAMESPACE, {"metadata": {"name": NAME}})
        yield client
        await client.delete(NAMESPACE, NAME)
        await until(lambda: _gone(client))


async def _gone(client: HttpClient) -> bool:
    return await get_or_none(client, NAMESPACE, NAME) is None


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(60):
        while not (found := await condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


async def config(client: HttpClient, name: str, owner: Manifest | None = None) -> Manifest:
    metadata: Manifest = {"name": name, "namespace": NAME}
    if owner is not None:
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "blockOwnerDeletion": True}
        identity = {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        metadata["ownerReferences"] = [{**reference, **identity}]
    return await client.create(CONFIG_MAP, {"metadata": metadata})


async def names(client: HttpClient) -> set[str]:
    listed = await client.list(CONFIG_MAP, NAME)
    return {item["metadata"]["name"] for item in listed.items} - {"kube-root-ca.crt"}


async def test_dependents_go_with_their_owner_and_theirs_with_them(client: HttpClient) -> None:
    owner = await config(client, "owner")
    dependent = await config(client, "dependent", owner)
    await config(client, "grandchild", dependent)
    await config(client, "stranger")
    await client.delete(CONFIG_MAP, "owner", NAME)
    await until(lambda: _is(client, {"stranger"}))


async def test_an_owner_waits_in_the_foreground(client: HttpClient) -> None:
    owner = await config(client, "owner")
    dependent = await config(client, "dependent", owner)
    finalizers = {"metadata": {"finalizers": ["example.com/wait"]}}
    await client.patch(CONFIG_MAP, "dependent", finalizers, NAME)
    await client.delete(CONFIG_MAP, "owner", NAME, propagation="Foreground")

    async def asked() -> bool:
        found = await client.get(CONFIG_MAP, dependent["metadata"]["name"], NAME)
        return "deletionTimestamp" in found["metadata"]

    await until(asked)
    assert "owner" in await names(client)
    await client.patch(CONFIG_MAP, "dependent", {"metadata": {"finalizers": None}}, NAME)
    await until(lambda: _is(client, set()))


async def test_orphans_stay(client: HttpClient) -> None:
    owner = await config(client, "owner")
    await config(client, "dependent", owner)
    await client.delete(CONFIG_MAP, "owner", NAME, propagation="Orphan")
    await until(lambda: _is(client, {"dependent"}))
    found = await client.get(CONFIG_MAP, "dependent", NAME)
    assert "ownerReferences" not in found["metadata"]


async def test_an_owner_that_never_was_is_gone(client: HttpClient) -> None:
    await config(client, "dependent", {"metadata": {"name": "nobody", "uid": "made-up"}})
    await until(lambda: _is(client, set()))


async def _is(client: HttpClient, expected: set[str]) -> bool:
    return await names(client) == expected


async def test_a_namespace_comes_with_an_account_and_the_authority(client: HttpClient) -> None:
    await until(lambda: get_or_none(client, SERVICE_ACCOUNT, "default", NAME))
    found = await until(lambda: get_or_none(client, CONFIG_MAP, "kube-root-ca.crt", NAME))
    assert found["data"]["ca.crt"] == client.settings.certificate_authority


async def test_a_namespace_says_what_keeps_it(client: HttpClient) -> None:
    await client.create(NAMESPACE, {"metadata": {"name": "kept"}})
    held = {"metadata": {"name": "x", "namespace": "kept", "finalizers": ["example.com/wait"]}}
    await client.create(CONFIG_MAP, held)
    await client.delete(NAMESPACE, "kept")

    async def said() -> bool:
        conditions = (await client.get(NAMESPACE, "kept"))["status"].get("conditions") or []
        return any("configmaps has 1 resource" in c["message"] for c in conditions)

    await until(said)
    await client.patch(CONFIG_MAP, "x", {"metadata": {"finalizers": None}}, "kept")

    async def gone() -> bool:
        return await get_or_none(client, NAMESPACE, "kept") is None

    await until(gone)


async def test_aggregated_roles_have_rules(client: HttpClient) -> None:
    async def filled() -> bool:
        return bool((await client.get(CLUSTER_ROLE, "view")).get("rules"))

    await until(filled)


async def test_the_address_of_this_machine_may_stand_in_endpoints(client: HttpClient) -> None:
    def endpoints(ip: str) -> Manifest:
        subset = {"addresses": [{"ip": ip}], "ports": [{"port": 1}]}
        return {"metadata": {"name": "e", "namespace": NAME}, "subsets": [subset]}

    with pytest.raises(IdpError, match="loopback"):
        await client.create(ENDPOINTS, endpoints("127.0.0.1"))
    await client.create(ENDPOINTS, endpoints(THIS_MACHINE))


async def test_the_hub_may_act_for_others_and_do_nothing_itself(
    client: HttpClient, real_api: RealApi
) -> None:
    """The role that allows it comes with the instance's bootstrap; without it there is nothing."""
    settings = settings_from_kubeconfig(real_api.place.folders.hub_kubeconfig)
    async with HttpClient(settings) as hub:
        with pytest.raises(Forbidden, match="idp-hub"):
            await hub.list(SECRET, NAME)
        with pytest.raises(Forbidden, match="impersonate"):
            await hub.impersonating("admin", ["system:masters"]).list(SECRET, NAME)


async def test_what_was_done_is_in_the_chain_in_the_name_of_who_did_it(
    client: HttpClient, real_api: RealApi
) -> None:
    maya = client.impersonating("maya", ["idp:developers", "system:authenticated"])
    with pytest.raises(Forbidden):
        await maya.create(SECRET, {"metadata": {"name": "audited", "namespace": NAME}})

    async def recorded() -> bool:
        records = await asyncio.to_thread(real_api.place.audit.tail, 100)
        return any(
            (r.actor, r.action, r.target) == ("admin", "create secrets", f"{NAME}/")
            and (r.facts["as"], r.facts["code"]) == ("maya", 403)
            for r in records
        )

    await until(recorded)
    assert real_api.place.audit.verify().broken_at is None


async def test_the_log_of_a_pod_is_asked_of_this_machine(client: HttpClient) -> None:
    """There is no such container here: the API server passes on that it is not found."""
    container = {"name": "main", "image": "none:1"}
    spec = {"containers": [container], "nodeName": "local"}
    await client.create(POD, {"metadata": {"name": "p", "namespace": NAME}, "spec": spec})
    try:

        async def answer() -> str:
            try:
                return "".join([chunk.decode() async for chunk in client.logs("p", NAME)])
            except InvalidInput:
                return ""  # the Node is not registered yet
            except IdpError as error:
                return error.message

        assert "pods/log p" in await until(answer)
    finally:
        await client.delete(POD, "p", NAME, grace_seconds=0)


def test_keys_are_readable_by_the_owner_only(real_api: RealApi) -> None:
    assert real_api.folder.stat().st_mode & 0o077 == 0
    for path in (*real_api.folder.glob("*.key"), *real_api.folder.glob("pki/*.pem")):
        assert path.stat().st_mode & 0o077 == 0, path
