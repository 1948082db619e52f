"""The question that a gate asks of the evidence, and the answer, whoever decides it. Pure.

Effects, from mild to strict: `record` writes it down; `track` is an obligation with a due date;
`approve` demands that an approver accepts the subject by its name; `deny` refuses. The decision is
the strictest effect of any rule that fired, and the answer lists all of them. The rules are in
`builtin.py`, and once more as Rego in `verdict.rego`.

What a verdict stands on grows old (exceptions expire, reports become stale): it holds until
`valid_until`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from idp.capabilities.promotion.decide.evidence import COMPLETE, Evidence, ScannerReport
from idp.capabilities.promotion.decide.exceptions import Exemption, split
from idp.capabilities.scanning.kinds import Action, SecurityProfileSpec
from idp.kernel.clock import timestamp
from idp.kernel.manifest import digest

Decision = Literal["Allow", "AllowWithObligations", "NeedsApproval", "Deny"]

STRICTNESS: tuple[Action, ...] = get_args(Action)
_DECISIONS: dict[Action, Decision] = {
    "record": "Allow",
    "track": "AllowWithObligations",
    "approve": "NeedsApproval",
    "deny": "Deny",
}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that applied.

    Attributes:
        rule: Its number in the module's docstring; 0 for a rule of a user's own.
        effect: What it does to the release.
        subject: What it is about; for `approve` the name that an approver must accept.
        message: What was found.
        change: What would make the rule not fire.
        due: By when an obligation must be met, RFC 3339; empty for other effects.
    """

    rule: int
    effect: Action
    subject: str
    message: str
    change: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that is judged; whoever decides gets the same.

    Attributes:
        application: Name of the application.
        evidence: Of the release.
        profile: What this environment demands.
        exemptions: Exceptions of the application's namespace, those that do not count included.
        now: The moment of the judgement.
    """

    application: str
    evidence: Evidence
    profile: SecurityProfileSpec
    exemptions: Sequence[Exemption]
    now: datetime

    def facts(self) -> dict[str, Any]:
        """As JSON values: the input of a Rego module, and what the evidence digest covers."""
        return {
            "application": self.application,
            "release": self.evidence.release_digest,
            "evidence": [item.as_json() for item in self.evidence.items],
            "reports": [report.as_json() for report in self.evidence.newest()],
            "profile": self.profile.model_dump(mode="json", by_alias=True, exclude={"rego"}),
            "exceptions": [
                {
                    "name": exemption.name,
                    "uid": exemption.uid,
                    **exemption.spec.model_dump(mode="json", by_alias=True),
                    "expires": timestamp(exemption.spec.expires),
                }
                for exemption in sorted(self.exemptions, key=lambda e: e.name)
            ],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        decision: The strictest effect of any rule.
        rules: Every rule that fired, strictest first.
        evidence_digest: Digest over everything that was judged, rules included.
        exemptions: Exceptions that it stands on.
        valid_until: From when it does not hold any more; None when nothing in it grows old.
    """

    decision: Decision
    rules: tuple[FiredRule, ...]
    evidence_digest: str
    exemptions: tuple[Exemption, ...] = ()
    valid_until: datetime | None = None

    def subjects(self, effect: Action) -> list[str]:
        """What rules with this effect are about, each once, in order."""
        return list(dict.fromkeys(r.subject for r in self.rules if r.effect == effect))

    @property
    def message(self) -> str:
        """One sentence, the strictest rules first."""
        telling = [r for r in self.rules if r.effect != "record"] or list(self.rules)
        shown = "; ".join(r.message for r in telling[:_SHOWN])
        more = f"; and {len(telling) - _SHOWN} more" if telling[_SHOWN:] else ""
        return {
            "Allow": "the evidence is complete and nothing blocks",
            "AllowWithObligations": "allowed with obligations",
            "NeedsApproval": "an approver must accept",
            "Deny": "denied",
        }[self.decision] + (f": {shown}{more}" if shown else "")

    @property
    def change(self) -> str:
        """What would change a denial; empty for other decisions."""
        return " ".join(
            dict.fromkeys(r.change for r in self.rules if r.effect == "deny" and r.change)
        )


def conclude(case: Case, fired: Sequence[FiredRule]) -> Verdict:
    """From rules that fired, whoever found them, to the answer."""
    ordered = sorted(fired, key=lambda r: (-STRICTNESS.index(r.effect), r.rule, r.subject))
    strictest = max((STRICTNESS.index(r.effect) for r in fired), default=0)
    used = _used(case)
    ends = [*(e.spec.expires for e in used), *_ends(case)]
    return Verdict(
        _DECISIONS[STRICTNESS[strictest]],
        tuple(ordered),
        digest({**case.facts(), "rego": case.profile.rego}),
        tuple(used),
        min(ends, default=None),
    )


def _used(case: Case) -> list[Exemption]:
    counting, _ = split(case.exemptions, case.now)
    found = [
        (report.name, finding)
        for report in case.evidence.newest()
        if case.profile.tools.get(report.name) != "off"
        for finding in report.findings
    ]
    return [
        exemption
        for exemption in counting
        if any(exemption.covers(case.application, name, finding) for name, finding in found)
    ]


def _ends(case: Case) -> list[datetime]:
    return [
        end
        for report in case.evidence.newest()
        if report.status in COMPLETE and case.profile.tools.get(report.name) != "off"
        for _, end in lifetimes(case.profile, report)
        if end is not None and end > case.now
    ]


def lifetimes(
    profile: SecurityProfileSpec, report: ScannerReport
) -> Iterator[tuple[str, datetime | None]]:
    """Until when what a report stands on counts; None when its age is not known."""
    yield "report", _plus_days(report.made, profile.freshness.scans_days)
    if report.advisories is not None:
        yield "advisories", _plus_days(report.advisories, profile.freshness.advisories_days)


def _plus_days(moment: datetime | None, days: float) -> datetime | None:
    return None if moment is None else moment + timedelta(days=days)


def as_output(rules: Sequence[FiredRule]) -> list[Mapping[str, Any]]:
    """Rules as JSON values."""
    return [asdict(rule) for rule in rules]
