from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from idp.capabilities.promotion.gates.freeze import FreezeGate, decide
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.kinds import Freeze, FreezeSelector, FreezeSpec
from idp.kernel.resource import ObjectMeta


def freeze(
    until: datetime, name: str = "f", created: datetime | None = None, **more: Any
) -> Freeze:
    return Freeze(
        metadata=ObjectMeta(name=name, creation_timestamp=created),
        spec=FreezeSpec(until=until, reason="audit", by="grace", **more),
    )


def test_nothing_is_frozen(case: Callable[..., GateCase]) -> None:
    assert decide([], case()).state == "Open"


def test_it_says_who_until_when_why_and_how_to_end_it(case: Callable[..., GateCase]) -> None:
    now = case().now
    short, long = freeze(now + timedelta(hours=1), "short"), freeze(now + timedelta(days=1), "long")
    answer = decide([short, long], case())
    assert answer.state == "Waiting"
    assert answer.message == "grace froze it until 2026-11-26T12:00:00Z: audit"
    assert answer.until == now + timedelta(days=1)
    assert "idp-cli freeze end long -e uat" in answer.change
    assert answer.evidence == {"freezes": ["long", "short"]}


@pytest.mark.parametrize(
    ("selector", "state"),
    [
        ({"applications": ["hello"]}, "Waiting"),
        ({"namespaces": ["demo"]}, "Waiting"),
        ({"namespaces": ["demo"], "applications": ["other"]}, "Open"),
        ({"namespaces": ["other"]}, "Open"),
    ],
)
def test_a_selector_says_whom_it_is_about(
    case: Callable[..., GateCase], selector: dict[str, list[str]], state: str
) -> None:
    some = freeze(case().now + timedelta(hours=1), selector=FreezeSelector(**selector))
    assert decide([some], case()).state == state


def test_one_that_is_over_or_to_come_does_not_count(case: Callable[..., GateCase]) -> None:
    now = case().now
    over = freeze(now)
    to_come = freeze(now + timedelta(days=2), start=now + timedelta(days=1))
    assert decide([over, to_come], case()).state == "Open"


async def test_it_reads_the_instance(bench: Any, case: Callable[..., GateCase]) -> None:
    spec = {"until": "2999-01-01T00:00:00Z", "reason": "audit", "by": "grace"}
    gate, some = FreezeGate(bench.client), case(now=datetime.now().astimezone())
    assert (await gate.ask(None, some)).state == "Open"
    await bench.client.create(Freeze.type(), {"metadata": {"name": "a"}, "spec": spec})
    later = case(now=some.now + timedelta(seconds=5))
    assert (await gate.ask(None, later)).state == "Waiting"
