from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from idp.capabilities.scanning.controllers.profiles import ProfileReconciler
from idp.capabilities.scanning.kinds import SecurityProfile
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request
from idp.kernel.memory_client import MemoryClient

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def client() -> MemoryClient:
    return MemoryClient()


async def reconcile(client: MemoryClient, name: str = "default") -> dict[str, Any]:
    await ProfileReconciler(client, "staging", lambda: NOW)(Request("", name))
    return await client.get(SecurityProfile.type(), name)


async def test_the_default_is_made_and_what_people_changed_stays(client: MemoryClient) -> None:
    made = await reconcile(client)
    assert made["spec"]["severity"]["high"] == "approve"
    made["spec"]["severity"]["high"] = "deny"
    await client.update(SecurityProfile.type(), made)
    assert (await reconcile(client))["spec"]["severity"]["high"] == "deny"


async def test_the_version_is_stated_and_nothing_is_written_twice(client: MemoryClient) -> None:
    await reconcile(client)
    stated = await reconcile(client)
    assert stated["status"]["version"] == SecurityProfile.parse(stated).spec.version
    assert (condition_of(stated, "Ready") or {})["reason"] == "InForce"
    again = await reconcile(client)
    assert again["metadata"]["resourceVersion"] == stated["metadata"]["resourceVersion"]


async def test_another_name_decides_nothing_and_says_so(client: MemoryClient) -> None:
    await client.create(SecurityProfile.type(), {"metadata": {"name": "mine"}, "spec": {}})
    ready = condition_of(await reconcile(client, "mine"), "Ready") or {}
    assert (ready["status"], ready["reason"]) == ("False", "NotUsed")
    assert "default" in ready["remedy"]


async def test_an_invalid_profile_is_named(client: MemoryClient) -> None:
    spec = {"incomplete": "shrug"}
    await client.create(SecurityProfile.type(), {"metadata": {"name": "default"}, "spec": spec})
    ready = condition_of(await reconcile(client), "Ready") or {}
    assert (ready["status"], ready["reason"]) == ("False", "Invalid")
    assert "spec.incomplete" in ready["message"]
