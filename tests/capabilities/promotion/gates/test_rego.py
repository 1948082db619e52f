from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.capabilities.environments.kinds import RegoRule
from idp.capabilities.promotion.gates import rego
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.gates.rego import RegoGate
from idp.capabilities.promotion.gates.sandbox import CannotEvaluate

MODULE = """package idp.gate
import rego.v1
default allow := false
allow if input.approvers[_] == "grace"
reasons contains sprintf("grace has not approved %v", [input.application]) if not allow
"""
ENDLESS = """package idp.gate
import rego.v1
n := numbers.range(1, 3000)
allow if { some a in n; some b in n; some c in n; a + b + c == -1 }
"""


async def test_it_opens_when_the_module_allows_it(case: Callable[..., GateCase]) -> None:
    answer = await RegoGate().ask(RegoRule(module=MODULE), case())
    assert answer.state == "Open"


async def test_it_waits_with_the_reasons_of_the_module(case: Callable[..., GateCase]) -> None:
    answer = await RegoGate().ask(RegoRule(module=MODULE), case(approval={"approvers": []}))
    assert (answer.state, answer.message) == ("Waiting", "grace has not approved hello")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("package idp.gate\nallow :=", "gate.rego"),
        ("package other\nallow := true", "cannot decide"),
    ],
)
async def test_a_module_that_cannot_decide_refuses(
    case: Callable[..., GateCase], module: str, words: str
) -> None:
    with pytest.raises(CannotEvaluate, match=words):
        await RegoGate().ask(RegoRule(module=module), case())


async def test_only_true_opens(case: Callable[..., GateCase]) -> None:
    rule = RegoRule(module='package idp.gate\nallow := "yes"')
    assert (await RegoGate().ask(rule, case())).state == "Refused"


def test_a_module_that_does_not_come_to_an_end_is_killed() -> None:
    with pytest.raises(CannotEvaluate, match=r"did not decide within 0\.5 s"):
        rego._values(ENDLESS, {}, seconds=0.5)


async def test_a_module_can_ask_nobody(case: Callable[..., GateCase]) -> None:
    asking = 'package idp.gate\nallow := http.send({"method": "GET", "url": "http://x"}) != 1'
    answer = await RegoGate().ask(RegoRule(module=asking), case())
    assert answer.state == "Waiting"
