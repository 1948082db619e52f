"""`rego`: a module of the user's own allows it."""

from __future__ import annotations

from typing import Any

from idp.capabilities.environments.kinds import RegoRule
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.capabilities.promotion.gates.sandbox import evaluate

_CHANGE = "Change what it looks at; its text is in the PromotionPipeline."


def decide(value: Any) -> GateAnswer:
    """From `allow` and `reasons` to the answer; only `true` opens."""
    allow, reasons = value.get("allow"), value.get("reasons")
    if allow is True:
        return open_("the module allows it")
    if allow not in (False, None, {}, "<undefined>"):
        return refused(
            "`allow` of the module is neither true nor false", "Correct the module's `allow`."
        )
    told = sorted(str(r)[:200] for r in reasons) if isinstance(reasons, list) else []
    words = "; ".join(told[:5]) or "the module does not allow it"
    return GateAnswer("Waiting", words, _CHANGE, evidence={"reasons": told[:20]})


class RegoGate:
    """Asks the module."""

    rule = "rego"
    overridable = False
    expedited = False

    async def ask(self, rule: RegoRule, case: GateCase) -> GateAnswer:
        """Evaluate it over the facts."""
        return decide(await evaluate("rego", rule.module, case.facts()))
