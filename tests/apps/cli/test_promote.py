from __future__ import annotations

from typing import Any

import pytest

from idp.apps.cli.promote import waiting_promotion
from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.errors import NotFound
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import NAMESPACE


async def promotions(**phases: tuple[str, str]) -> MemoryClient:
    """Promotions by name: their phase, and that of their step `approval`."""
    client = MemoryClient()
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    for name, (phase, approval) in phases.items():
        steps = [{"name": "approval", "phase": approval}]
        status: dict[str, Any] = {"phase": phase, "message": f"{name} says so", "steps": steps}
        metadata = {"name": name, "namespace": "demo"}
        spec = {"application": "hello", "release": name}
        made = await client.create(Promotion.type(), {"metadata": metadata, "spec": spec})
        await client.update(Promotion.type(), {**made, "status": status}, subresource="status")
    return client


async def test_a_superseded_promotion_does_not_wait_any_more() -> None:
    client = await promotions(r1=("Superseded", "Running"), r2=("Running", "Running"))
    found = await waiting_promotion(client, "uat", "demo", "hello")
    assert found["metadata"]["name"] == "r2"


async def test_without_one_that_waits_the_newest_is_explained() -> None:
    client = await promotions(r1=("Failed", "Failed"))
    with pytest.raises(NotFound, match="the newest is Failed: r1 says so"):
        await waiting_promotion(client, "uat", "demo", "hello")


async def test_other_applications_are_not_looked_at() -> None:
    client = await promotions(r1=("Running", "Running"))
    with pytest.raises(NotFound, match="no promotion of other waits for approval in uat"):
        await waiting_promotion(client, "uat", "demo", "other")
