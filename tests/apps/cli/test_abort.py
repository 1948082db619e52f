from __future__ import annotations

import pytest

from idp.apps.cli.abort import find
from idp.capabilities.promotion.kinds import Promotion
from idp.kernel.errors import Conflict, NotFound
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import NAMESPACE


async def client(**phases: str) -> MemoryClient:
    api = MemoryClient()
    await api.create(NAMESPACE, {"metadata": {"name": "demo"}})
    for name, phase in phases.items():
        meta = {"name": name, "namespace": "demo"}
        body = {"metadata": meta, "spec": {"application": "hello", "release": "r1"}}
        made = await api.create(Promotion.type(), body)
        status = {"phase": phase, "message": "so it went"}
        await api.update(Promotion.type(), {**made, "status": status}, subresource="status")
    return api


async def name_of(api: MemoryClient, name: str, *, running: bool) -> str:
    found = await find(api, "uat", "demo", name, running=running)
    return str(found["metadata"]["name"])


async def test_by_its_own_name_or_its_applications() -> None:
    api = await client(first="Succeeded", second="Running")
    assert await name_of(api, "first", running=False) == "first"
    assert await name_of(api, "second", running=True) == "second"
    assert await name_of(api, "hello", running=True) == "second"


async def test_what_has_ended_cannot_be_stopped() -> None:
    api = await client(first="Succeeded")
    for name in ("first", "hello"):
        with pytest.raises(Conflict, match="first has ended as Succeeded: so it went"):
            await find(api, "uat", "demo", name, running=True)


async def test_of_several_one_must_be_named() -> None:
    api = await client(first="Running", second="Pending")
    with pytest.raises(Conflict, match="hello has several: first, second"):
        await find(api, "uat", "demo", "hello", running=True)


async def test_neither_promotion_nor_application() -> None:
    with pytest.raises(NotFound, match="nobody has no promotion in uat"):
        await find(await client(), "uat", "demo", "nobody", running=True)
