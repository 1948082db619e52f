"""`rego`: a module of the user's own allows it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from idp.capabilities.environments.kinds import RegoRule
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.capabilities.promotion.gates.sandbox import CannotEvaluate
from idp.kernel.errors import DeadlineExceeded, IdpError
from idp.protocols.rego import evaluate

SECONDS = 5.0
_PACKAGE = "data.idp.gate"

_CHANGE = "Change what it looks at; its text is in the PromotionPipeline."


def decide(value: Any) -> GateAnswer:
    """From `allow` and `reasons` to the answer; only `true` opens."""
    allow, reasons = value.get("allow"), value.get("reasons")
    if allow is True:
        return open_("the module allows it")
    if allow not in (False, None):
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
        return decide(await asyncio.to_thread(_values, rule.module, case.facts()))


def _values(module: str, facts: Any, seconds: float = SECONDS) -> dict[str, Any]:
    """`allow` and `reasons` of the package `idp.gate`.

    Raises:
        CannotEvaluate: The module does not compile, fails, or takes too long or too much memory.
    """
    modules = {"gate.rego": module}
    try:
        allow = evaluate(modules, f"{_PACKAGE}.allow", facts, timeout=seconds)
    except DeadlineExceeded:
        raise CannotEvaluate(
            f"the rego gate did not decide within {seconds:g} s",
            remedy="Make it simpler: a gate looks at a few facts.",
        ) from None
    except IdpError as error:
        raise _wrong(str(error)) from error
    reasons = None
    with contextlib.suppress(IdpError):  # a module need not give any
        reasons = evaluate(modules, f"{_PACKAGE}.reasons", facts, timeout=seconds)
    return {"allow": allow, "reasons": reasons}


def _wrong(words: str) -> CannotEvaluate:
    return CannotEvaluate(
        f"the rego gate cannot decide: {' '.join(words.split())[:500]}",
        remedy="Correct the rego of the gate in the PromotionPipeline.",
    )
