"""`cel`: an expression of the user's own is true."""

from __future__ import annotations

from typing import Any

from idp.capabilities.environments.kinds import CelRule
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.capabilities.promotion.gates.sandbox import evaluate


def decide(rule: CelRule, value: Any) -> GateAnswer:
    """From the expression's value to the answer; only `true` opens."""
    if value is True:
        return open_(f"{rule.expression} holds")
    if value is not False:
        return refused("the expression is neither true nor false", "Compare something in it.")
    words = rule.message or f"{rule.expression} does not hold"
    return GateAnswer("Waiting", words, f"It opens when {rule.expression} holds.")


class CelGate:
    """Asks the expression."""

    rule = "cel"
    overridable = False
    expedited = False

    async def ask(self, rule: CelRule, case: GateCase) -> GateAnswer:
        """Evaluate it over the facts, which are its variables."""
        return decide(rule, await evaluate(rule.expression, case.facts()))
