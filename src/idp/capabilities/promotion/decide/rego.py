"""The same verdict by Rego: the module that the platform brings, or one of a user's own.

Pure but for the engine, which is handed in: it runs within limits, in a process of its own.

The module answers `data.idp.verdict.rules`: a set of objects with `effect` and `subject`, and
optionally `rule`, `message`, `change` and `dueDays`. From there on everything is as for the
built-in rules. A module that does not compile, fails, or answers anything else denies: nobody can
say what it meant.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field, ValidationError

from idp.capabilities.promotion.decide.verdict import Case, FiredRule, Verdict, conclude
from idp.capabilities.scanning.kinds import Action
from idp.kernel.clock import timestamp
from idp.kernel.errors import IdpError
from idp.kernel.resource import Model

QUERY = "data.idp.verdict.rules"


class RegoRule(Model):
    """A rule that fired, as a module says it.

    Attributes:
        effect: What it does to the release.
        subject: What it is about.
        rule: Its number; 0 for a rule of a user's own.
        message: What was found.
        change: What would make the rule not fire.
        due_days: In how many days an obligation must be met; None without a date.
    """

    effect: Action
    subject: str = Field(min_length=1, max_length=256)
    rule: int = 0
    message: str = Field(default="", max_length=4000)
    change: str = Field(default="", max_length=2000)
    due_days: float | None = Field(default=None, gt=0, le=3650)


@cache
def own_module() -> str:
    """The module that the platform brings."""
    return Path(__file__).with_name("verdict.rego").read_text()


class Evaluate(Protocol):
    """An engine: modules by name, the path of a rule, and facts, to the rule's value.

    Raises `IdpError` when there is none: `idp.protocols.rego.evaluate` is one.
    """

    def __call__(self, modules: dict[str, str], query: str, facts: Any) -> Any:
        """Evaluate."""
        ...


def verdict(case: Case, evaluate: Evaluate) -> Verdict:
    """Ask the module; whatever goes wrong, or takes too long, denies."""
    module = case.profile.rego or own_module()
    facts = {**case.facts(), "now": timestamp(case.now)}
    try:
        answer = evaluate({"verdict.rego": module}, QUERY, facts)
    except IdpError as error:
        return conclude(case, [_cannot_decide(error.message)])
    if not isinstance(answer, list):
        return conclude(case, [_cannot_decide("`rules` is not a set of objects")])
    try:
        rules = [RegoRule.model_validate(body) for body in answer]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"a rule is not well formed: {where} {first['msg']}"
        return conclude(case, [_cannot_decide(reason)])
    return conclude(case, [_fired(case, rule) for rule in rules])


def _fired(case: Case, rule: RegoRule) -> FiredRule:
    due = ""
    if rule.due_days is not None:
        due = timestamp(case.now + timedelta(days=rule.due_days))
    message = rule.message or f"{rule.subject}: {rule.effect}"
    return FiredRule(rule.rule, rule.effect, rule.subject, message, rule.change, due)


def _cannot_decide(reason: str) -> FiredRule:
    words = " ".join(reason.split())[:500]
    return FiredRule(
        0,
        "deny",
        "rego",
        f"the Rego module cannot decide: {words}",
        "Correct spec.rego of the SecurityProfile; without it the platform's own module decides.",
    )
