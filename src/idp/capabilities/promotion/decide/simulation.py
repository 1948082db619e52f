"""What would happen to a release in an environment, if somebody promoted it now, and why. Pure.

Every answer comes from the function that decides in earnest: what `admit` says of the evidence,
`builtin.verdict` or `rego.verdict`, `next_promotions`. So a simulation under other rules is the
same call with other rules.

What it cannot know: the environment scans the image again, and whether the release starts and
answers. The steps say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from idp.capabilities.promotion.decide import builtin, rego
from idp.capabilities.promotion.decide.evidence import Evidence
from idp.capabilities.promotion.decide.exceptions import Exemption
from idp.capabilities.promotion.decide.next_promotions import (
    KnownPromotion,
    KnownRelease,
    next_promotions,
)
from idp.capabilities.promotion.decide.promotion_status import ENDED
from idp.capabilities.promotion.decide.rules import Rules
from idp.capabilities.promotion.decide.verdict import Case, FiredRule, Verdict
from idp.capabilities.promotion.remedies import Place
from idp.kernel.clock import timestamp

Result = Literal["passes", "waits", "fails"]
Ending = Literal["Promotes", "NeedsApproval", "WaitsForGates", "Refused"]

_NEW = "(this promotion)"
_LAST = "9999-12-31T23:59:59Z"


@dataclass(frozen=True, slots=True)
class Admission:
    """What `admit` found.

    Attributes:
        evidence: Everything that holds.
        refusal: Why it would refuse; empty when it would not.
        change: What would change that.
    """

    evidence: Evidence
    refusal: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """An application in an environment, as it is.

    Attributes:
        environment: Name of the environment.
        namespace: Of the application.
        application: Name of the application.
        rules: In force, or instead of those.
        releases: That the environment knows.
        promotions: Of the application, those that ended included.
        running: Version that runs; empty when nothing does.
        exemptions: Exceptions of the namespace.
    """

    environment: str
    namespace: str
    application: str
    rules: Rules
    releases: Sequence[KnownRelease]
    promotions: Sequence[KnownPromotion]
    running: str = ""
    exemptions: Sequence[Exemption] = ()


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """What a step would do.

    Attributes:
        name: Of the step.
        result: Whether the promotion passes it, waits in it, or fails by it.
        message: Why.
        change: What would change that; empty when nothing has to.
    """

    name: str
    result: Result
    message: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Simulation:
    """The answer.

    Attributes:
        environment: Name of the environment.
        release: Version.
        ending: What becomes of the promotion.
        automatic: Whether it starts by itself.
        running: Version that runs now; empty when nothing does.
        supersedes: Waiting promotions that it replaces.
        behind: Promotion that must end before this one commits; empty when none does.
        steps: In their order; after one that fails, none follows.
        rules: Every rule of the verdict that fired.
        policy_version: Of the rules that were applied.
    """

    environment: str
    release: str
    ending: Ending
    automatic: bool
    running: str
    supersedes: tuple[str, ...]
    behind: str
    steps: tuple[SimulatedStep, ...]
    rules: tuple[FiredRule, ...]
    policy_version: str


def simulate(
    situation: Situation,
    release: KnownRelease,
    admission: Admission,
    now: datetime,
    evaluate: rego.Evaluate,
    gates: Sequence[SimulatedStep] = (),
) -> Simulation:
    """Promote in thought.

    Args:
        situation: The application in the environment.
        release: What would be promoted.
        admission: What `admit` says of it.
        now: The moment.
        evaluate: The engine for a profile that is decided by Rego.
        gates: How each gate stands that can be asked without a promotion.
    """
    case = Case(
        situation.application,
        admission.evidence,
        situation.rules.profile,
        situation.exemptions,
        now,
    )
    by_rego = situation.rules.profile.decided_by == "rego"
    verdict = rego.verdict(case, evaluate) if by_rego else builtin.verdict(case)
    behind = _behind(situation)
    steps = _until_failure(
        [
            _admit(admission),
            _verdict(verdict),
            _approval(situation, verdict),
            *gates,
            _commit(situation, release, behind),
            _verify(situation.rules),
        ]
    )
    return Simulation(
        environment=situation.environment,
        release=release.version,
        ending=_ending(steps),
        automatic=_starts_by_itself(situation, release),
        running=situation.running,
        supersedes=_supersedes(situation, release),
        behind=behind,
        steps=steps,
        rules=verdict.rules,
        policy_version=situation.rules.policy_version,
    )


def _until_failure(steps: Sequence[SimulatedStep]) -> tuple[SimulatedStep, ...]:
    for place, step in enumerate(steps, start=1):
        if step.result == "fails":
            return tuple(steps[:place])
    return tuple(steps)


def _ending(steps: Sequence[SimulatedStep]) -> Ending:
    if steps[-1].result == "fails":
        return "Refused"
    waiting = [step.name for step in steps if step.result == "waits" and step.name != "commit"]
    if not waiting:
        return "Promotes"
    return "NeedsApproval" if "approval" in waiting else "WaitsForGates"


def _admit(admission: Admission) -> SimulatedStep:
    if admission.refusal:
        return SimulatedStep("admit", "fails", admission.refusal, admission.change)
    items = admission.evidence.items
    signers = ", ".join(dict.fromkeys(item.signer for item in items))
    return SimulatedStep("admit", "passes", f"{len(items)} pieces of evidence hold, by {signers}")


def _verdict(verdict: Verdict) -> SimulatedStep:
    until = f"; holds until {timestamp(verdict.valid_until)}" if verdict.valid_until else ""
    if verdict.decision == "Deny":
        return SimulatedStep("verdict", "fails", verdict.message, verdict.change)
    return SimulatedStep("verdict", "passes", verdict.message + until)


def _approval(situation: Situation, verdict: Verdict) -> SimulatedStep:
    rule, gaps = situation.rules.pipeline.approval, verdict.subjects("approve")
    if not rule.required and not rule.requirements and not gaps:
        return SimulatedStep("approval", "passes", "no approval is required")
    wanted = []
    if rule.required:
        who = "other than author and initiator" if rule.exclude_author else "author included"
        wanted.append(f"{rule.required} approval{'s' * (rule.required != 1)}, {who}")
    wanted += [f"{r.required} of {r.words}" for r in rule.requirements]
    if gaps:
        wanted.append(f"somebody to accept {', '.join(gaps)}")
    message = f"waits for {' and '.join(wanted)}, {rule.deadline_hours} h at most"
    place = Place(situation.application, situation.namespace, situation.environment)
    return SimulatedStep("approval", "waits", message, place.approve(gaps))


def _commit(situation: Situation, release: KnownRelease, behind: str) -> SimulatedStep:
    if behind:
        return SimulatedStep("commit", "waits", f"waits for promotion {behind} to end")
    if situation.running == release.version:
        return SimulatedStep("commit", "passes", f"{release.version} runs already; nothing changes")
    former = f" in place of {situation.running}" if situation.running else ""
    return SimulatedStep("commit", "passes", f"{release.version}{former}")


def _verify(rules: Rules) -> SimulatedStep:
    rule = rules.pipeline.verification
    message = (
        f"GET {rule.path} must answer {rule.requests} times in a row within "
        f"{rule.deadline_seconds} s; else the commit is undone"
    )
    return SimulatedStep("verify", "passes", message)


def _behind(situation: Situation) -> str:
    holders = [p for p in situation.promotions if p.has_turn and p.phase not in ENDED]
    return holders[0].name if holders else ""


def _starts_by_itself(situation: Situation, release: KnownRelease) -> bool:
    pipeline = situation.rules.pipeline
    plan = next_promotions(
        situation.application,
        situation.releases,
        situation.promotions,
        previous=pipeline.previous,
        automatic=pipeline.automatic,
        supersede=pipeline.supersede,
    )
    return plan.start is not None and plan.start.name == release.name


def _supersedes(situation: Situation, release: KnownRelease) -> tuple[str, ...]:
    """What a promotion that somebody starts now would end."""
    new = KnownPromotion(_NEW, release.name, "", _LAST)
    plan = next_promotions(
        situation.application,
        situation.releases,
        [*situation.promotions, new],
        previous=situation.rules.pipeline.previous,
        automatic=False,
        supersede=situation.rules.pipeline.supersede,
    )
    return tuple(name for name, newer in plan.superseded if newer == _NEW)
