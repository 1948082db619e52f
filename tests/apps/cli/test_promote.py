from __future__ import annotations

from typing import Any

import pytest

from idp.apps.cli.follow import held_at_gates
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


async def at_gates(message: str) -> MemoryClient:
    client = MemoryClient()
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    steps = [
        {"name": "approval", "phase": "Succeeded"},
        {"name": "gates", "phase": "Running", "message": message},
    ]
    status: dict[str, Any] = {"phase": "Running", "message": f"gates: {message}", "steps": steps}
    spec = {"application": "hello", "release": "r1"}
    body = {"metadata": {"name": "r1", "namespace": "demo"}, "spec": spec}
    made = await client.create(Promotion.type(), body)
    await client.update(Promotion.type(), {**made, "status": status}, subresource="status")
    return client


async def test_one_that_waits_at_its_gates_waits_for_an_override_only() -> None:
    client = await at_gates("soak: 60 min in uat")
    with pytest.raises(NotFound, match="no promotion of hello waits for approval"):
        await waiting_promotion(client, "uat", "demo", "hello")
    found = await waiting_promotion(client, "uat", "demo", "hello", gates=True)
    assert found["metadata"]["name"] == "r1"
    assert held_at_gates(found["status"])


async def test_one_whose_approval_expired_at_its_gates_waits_for_another() -> None:
    client = await at_gates("approvals: waits for 1 more approval")
    found = await waiting_promotion(client, "uat", "demo", "hello")
    assert found["metadata"]["name"] == "r1"


@pytest.mark.parametrize("message", ["", "started"])
async def test_gates_that_were_not_asked_yet_hold_nothing(message: str) -> None:
    client = await at_gates(message)
    found = await client.get(Promotion.type(), "r1", "demo")
    assert not held_at_gates(found["status"])
