"""Endpoints come and go with their Service."""

from __future__ import annotations

from idp.embedded.workloads.services.reconcile import ServiceReconciler
from idp.kernel.client import get_or_none
from idp.kernel.controller import Request
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.standard import ENDPOINTS, SERVICE

WEB = Request("demo", "web")


async def test_endpoints_are_corrected_and_removed(client: MemoryClient) -> None:
    reconciler = ServiceReconciler(client)
    service: Manifest = {
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    created = await client.create(SERVICE, service)
    await reconciler.reconcile(WEB)
    wrong = [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1}]}]
    await client.patch(ENDPOINTS, "web", {"subsets": wrong}, "demo")
    await reconciler.reconcile(Request("demo", ""))
    endpoints = await client.get(ENDPOINTS, "web", "demo")
    assert endpoints["subsets"] == []
    assert endpoints["metadata"]["ownerReferences"][0]["uid"] == created["metadata"]["uid"]
    await client.delete(SERVICE, "web", "demo")
    await reconciler.reconcile(WEB)
    assert await get_or_none(client, ENDPOINTS, "web", "demo") is None


async def test_a_service_without_selector_is_left_alone(client: MemoryClient) -> None:
    service: Manifest = {
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {"ports": [{"port": 80}]},
    }
    await client.create(SERVICE, service)
    await client.create(ENDPOINTS, {"metadata": {"name": "web", "namespace": "demo"}})
    await ServiceReconciler(client).reconcile(WEB)
    assert "subsets" not in await client.get(ENDPOINTS, "web", "demo")
    await client.delete(SERVICE, "web", "demo")
    await ServiceReconciler(client).reconcile(WEB)
    assert await get_or_none(client, ENDPOINTS, "web", "demo") is not None
