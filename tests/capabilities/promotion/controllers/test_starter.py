from __future__ import annotations

from typing import Any

from idp.capabilities.promotion.controllers.starter import PromotionStarter
from idp.capabilities.promotion.kinds import Promotion, Release
from idp.capabilities.promotion.turn import Turns
from idp.kernel.controller import Request


async def start(bench: Any) -> list[str]:
    await PromotionStarter(bench.client)(Request("demo", "hello"))
    return [m["metadata"]["name"] for m in (await bench.client.list(Promotion.type())).items]


async def phase(bench: Any, name: str) -> str:
    promotion = await bench.client.get(Promotion.type(), name, "demo")
    return str((promotion.get("status") or {}).get("phase", ""))


async def test_starts_the_newest_in_the_platforms_name_once(bench: Any) -> None:
    await bench.rules()
    await bench.release(1)
    await bench.release(2)
    assert await start(bench) == ["hello-r2-0000000"]
    assert await start(bench) == ["hello-r2-0000000"]
    promotion = await bench.client.get(Promotion.type(), "hello-r2-0000000", "demo")
    assert promotion["spec"] == {
        "application": "hello",
        "action": "promote",
        "release": "r2",
        "initiator": "platform",
    }


async def test_waits_for_the_previous_environment(bench: Any) -> None:
    await bench.rules(previous="staging")
    await bench.release(1)
    assert await start(bench) == []
    status = {"status": {"verifiedIn": ["staging"]}}
    await bench.client.patch(Release.type(), "r1", status, "demo")
    assert await start(bench) == ["hello-r1-0000000"]


async def test_what_was_promoted_once_stays_known_when_its_promotion_is_deleted(
    bench: Any,
) -> None:
    await bench.rules()
    await bench.release(1)
    status = {"status": {"promotion": "hello-r1-0000000"}}
    await bench.client.patch(Release.type(), "r1", status, "demo")
    assert await start(bench) == []


async def test_a_waiting_one_is_superseded_and_one_that_has_its_turn_is_not(bench: Any) -> None:
    await bench.rules()
    await bench.release(1)
    await bench.promotion("waits")
    await bench.promotion("proceeds")
    await Turns(bench.client).take("demo", "proceeds")
    await bench.release(2)
    await start(bench)
    assert await phase(bench, "waits") == "Superseded"
    assert await phase(bench, "proceeds") == ""


async def test_without_rules_nothing_starts(bench: Any) -> None:
    await bench.release(1)
    assert await start(bench) == []
