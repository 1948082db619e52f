from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.capabilities.promotion.decide.promotion_status import has_turn
from idp.capabilities.promotion.kinds import Promotion
from idp.capabilities.promotion.turn import PromotionEnded, Turns
from idp.kernel.errors import Conflict
from idp.kernel.standard import LEASE


async def end(bench: Any, name: str, phase: str = "Succeeded") -> None:
    await bench.client.patch(Promotion.type(), name, {"status": {"phase": phase}}, "demo")


async def test_one_has_it_and_the_other_learns_who(bench: Any) -> None:
    turns = Turns(bench.client)
    await bench.promotion("p")
    await bench.promotion("q")
    assert await turns.take("demo", "p") is None
    assert await turns.take("demo", "p") is None
    assert await turns.take("demo", "q") == "p"
    assert has_turn(await bench.client.get(Promotion.type(), "p", "demo"))
    assert not has_turn(await bench.client.get(Promotion.type(), "q", "demo"))


async def test_of_many_at_once_exactly_one_gets_it(bench: Any) -> None:
    names = [f"p{n}" for n in range(8)]
    for name in names:
        await bench.promotion(name)
    turns = Turns(bench.client)
    holders = await asyncio.gather(*(turns.take("demo", name) for name in names))
    assert holders.count(None) == 1
    winner = names[holders.index(None)]
    assert {holder for holder in holders if holder} == {winner}


async def test_another_application_has_its_own(bench: Any) -> None:
    turns = Turns(bench.client)
    await bench.promotion("p")
    await bench.promotion("q", application="other")
    assert await turns.take("demo", "p") is None
    assert await turns.take("demo", "q") is None


@pytest.mark.parametrize("gone", ["ended", "deleted"])
async def test_a_holder_that_is_over_loses_it(bench: Any, gone: str) -> None:
    turns = Turns(bench.client)
    await bench.promotion("p")
    await bench.promotion("q")
    await turns.take("demo", "p")
    if gone == "ended":
        await end(bench, "p")
    else:
        await bench.client.delete(Promotion.type(), "p", "demo")
    assert await turns.take("demo", "q") is None


async def test_a_promotion_made_anew_under_the_name_is_another(bench: Any) -> None:
    turns = Turns(bench.client)
    await bench.promotion("p")
    await turns.take("demo", "p")
    await bench.client.delete(Promotion.type(), "p", "demo")
    await bench.promotion("p")
    await bench.promotion("q")
    assert await turns.take("demo", "q") is None
    assert await turns.take("demo", "p") == "q"


async def test_given_back_only_by_its_holder(bench: Any) -> None:
    turns = Turns(bench.client)
    holder, other = await bench.promotion("p"), await bench.promotion("q")
    await turns.take("demo", "p")
    await turns.give_back(other)
    assert await turns.take("demo", "q") == "p"
    await turns.give_back(holder)
    assert (await bench.client.list(LEASE)).items == []
    await turns.give_back(holder)


async def test_a_superseded_promotion_gets_none(bench: Any) -> None:
    await bench.promotion("p")
    await end(bench, "p", "Superseded")
    with pytest.raises(PromotionEnded):
        await Turns(bench.client).take("demo", "p")
    assert (await bench.client.list(LEASE)).items == []


async def test_superseding_and_proceeding_exclude_each_other(bench: Any) -> None:
    """Whoever read the promotion before the other wrote it cannot write any more."""
    before = await bench.promotion("p")
    await Turns(bench.client).take("demo", "p")
    superseded = {**before, "status": {"phase": "Superseded"}}
    with pytest.raises(Conflict):
        await bench.client.update(Promotion.type(), superseded, subresource="status")
