from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.capabilities.environments.kinds import CelRule
from idp.capabilities.promotion.gates.cel import CelGate
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.gates.sandbox import CannotEvaluate


async def test_it_opens_when_the_expression_is_true(case: Callable[..., GateCase]) -> None:
    rule = CelRule(expression="verdict.decision == 'Allow' && size(approvers) == 1")
    assert (await CelGate().ask(rule, case())).state == "Open"


async def test_it_waits_with_the_message_of_the_rule(case: Callable[..., GateCase]) -> None:
    rule = CelRule(expression="promotion.hotfix", message="only hotfixes in December")
    answer = await CelGate().ask(rule, case())
    assert (answer.state, answer.message) == ("Waiting", "only hotfixes in December")
    assert answer.change == "It opens when promotion.hotfix holds."


async def test_a_value_that_is_no_truth_refuses(case: Callable[..., GateCase]) -> None:
    assert (await CelGate().ask(CelRule(expression="1"), case())).state == "Refused"


@pytest.mark.parametrize("expression", ["nobody.knows == 1", "1 +", "approvers[7] == 'x'"])
async def test_an_expression_that_fails_refuses(
    case: Callable[..., GateCase], expression: str
) -> None:
    with pytest.raises(CannotEvaluate, match="the cel gate cannot decide"):
        await CelGate().ask(CelRule(expression=expression), case())
