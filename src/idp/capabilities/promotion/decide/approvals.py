"""Have enough of the right people agreed to this promotion of this digest? Pure.

The rules, in the order in which they are applied to each approval:

1. An approval of another promotion is not looked at.
2. It is for this release digest and this target; an approval of other bytes approves nothing.
3. Its approver may approve (RBAC verb `approve` on the promotion; `override` for an emergency).
4. One rejection ends the promotion, whatever else is there, also under an older policy version.
5. An approval was given under the policy version that is in force, and its time is not up: it
   counts for `validHours`, an emergency override for `emergency.hours`.
6. With `excludeAuthor`, neither the author of the release nor whoever started the promotion counts,
   but for an emergency override: a Review by somebody else follows that.
7. One person counts once.
8. A gap in the evidence is accepted by a counted approval that names it and whose `until` has not
   passed.
9. Each requirement (1 of the release managers, 2 of security) is filled by people of that kind, and
   one person fills one place.

Enough is: as many counted approvers as required, every requirement filled, and every gap accepted.
When gaps must be accepted, somebody must do so even if no approval is required otherwise. An
emergency override stands for all approvers, not for the acceptance of gaps. Every approval that
does not count is listed with the rule that it breaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from idp.capabilities.environments.kinds import EmergencyRule, Requirement
from idp.capabilities.promotion.decide.requirements import unfilled
from idp.capabilities.promotion.kinds import Approval
from idp.kernel.clock import timestamp

State = Literal["Enough", "Waiting", "Rejected"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be approved.

    Attributes:
        promotion: Name of the Promotion.
        release_digest: The release.
        target: Environment.
        policy_version: The version that is in force.
        required: Approvals by different people.
        exclude_author: Whether author and initiator are left out.
        author: Who pushed the release.
        initiator: Who started the promotion.
        must_accept: Names of gaps in the evidence.
        requirements: Of which kinds the approvers must be.
        valid_hours: How long an approval counts; 0 without end.
        emergency: What an override may do.
    """

    promotion: str
    release_digest: str
    target: str
    policy_version: str
    required: int
    exclude_author: bool
    author: str
    initiator: str
    must_accept: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    valid_hours: int = 0
    emergency: EmergencyRule = field(default_factory=EmergencyRule)


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody went past the rules, and takes the responsibility."""

    approval: str
    by: str
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Ignored:
    """An approval, or an acceptance in it, that does not count, and why."""

    approval: str
    approver: str
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A gap in the evidence, who accepted it, and until when."""

    name: str
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """How it stands.

    Attributes:
        state: Whether the promotion may go on, waits, or ends.
        message: For people.
        counted: Approvers who count, in the order in which they approved.
        missing: How many more approvals are needed.
        unaccepted: Gaps that nobody accepted.
        accepted: Every gap that is accepted.
        ignored: What does not count.
        override: An emergency override that counts; None without one.
    """

    state: State
    message: str
    counted: tuple[str, ...] = ()
    missing: int = 0
    unaccepted: tuple[str, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    override: Override | None = None


def approvals(
    question: Question,
    given: Sequence[Approval],
    may_approve: frozenset[str],
    now: datetime,
    roles: Mapping[str, frozenset[str]] | None = None,
) -> Answer:
    """Apply the rules.

    Args:
        question: What is to be approved.
        given: Approvals, of any promotion, oldest first.
        may_approve: Names of the Approval objects whose approver has the right.
        now: For what expires.
        roles: Name of an Approval object -> ClusterRoles that its approver has.
    """
    counted: list[Approval] = []
    ignored: list[Ignored] = []
    rejection: Approval | None = None
    for approval in given:
        if approval.spec.promotion != question.promotion:  # Rule 1
            continue
        reason = _why_not_looked_at(question, approval, may_approve)
        if reason is None and approval.spec.decision == "reject":  # Rule 4
            rejection = rejection or approval
            continue
        reason = reason or _why_not_counted(question, approval, counted, now)
        if reason is None:
            counted.append(approval)
        else:
            ignored.append(Ignored(approval.name, approval.spec.approver, reason))
    if rejection is not None:
        return _rejected(rejection, ignored)
    accepted, expired = _acceptances(question, counted, now)
    lacking = unfilled(question.requirements, counted, roles or {})  # Rule 9
    return _answer(question, counted, lacking, accepted, [*ignored, *expired])


def _why_not_looked_at(
    question: Question, approval: Approval, may_approve: frozenset[str]
) -> str | None:
    spec = approval.spec
    if spec.release_digest != question.release_digest:  # Rule 2
        return f"it is for another digest ({spec.release_digest[:19]})"
    if spec.target != question.target:
        return f"it is for another target ({spec.target})"
    if approval.name not in may_approve:  # Rule 3
        return f"{spec.approver} may not approve here"
    return None


def _why_not_counted(
    question: Question, approval: Approval, counted: Sequence[Approval], now: datetime
) -> str | None:
    spec = approval.spec
    if spec.policy_version != question.policy_version:  # Rule 5
        return "it was given under another policy version"
    if spec.emergency and not question.emergency.allowed:
        return "this environment takes no emergency override"
    end = _end(question, approval)
    if end is not None and end <= now:
        return f"the approval by {spec.approver} expired at {timestamp(end)}"
    if spec.emergency:
        return None
    if question.exclude_author and spec.approver == question.author:  # Rule 6
        return f"{spec.approver} is the author of the release"
    if question.exclude_author and spec.approver == question.initiator:
        return f"{spec.approver} started the promotion"
    if any(spec.approver == o.spec.approver and not o.spec.emergency for o in counted):  # Rule 7
        return f"{spec.approver} has approved already"
    return None


def _end(question: Question, approval: Approval) -> datetime | None:
    """When it stops to count; None means never."""
    hours = question.emergency.hours if approval.spec.emergency else question.valid_hours
    if not hours:
        return None
    # One that does not say since when it is there has no time at all.
    since = approval.metadata.creation_timestamp or datetime.min.replace(tzinfo=UTC)
    return since + timedelta(hours=hours)


def _override(question: Question, counted: Sequence[Approval]) -> Override | None:
    for approval in counted:
        end = _end(question, approval)
        if approval.spec.emergency and end is not None:
            return Override(approval.name, approval.spec.approver, approval.spec.comment, end)
    return None


def _rejected(approval: Approval, ignored: Sequence[Ignored]) -> Answer:
    spec = approval.spec
    comment = f": {spec.comment}" if spec.comment else ""
    return Answer("Rejected", f"rejected by {spec.approver}{comment}", ignored=tuple(ignored))


def _acceptances(
    question: Question, counted: Sequence[Approval], now: datetime
) -> tuple[dict[str, Accepted], list[Ignored]]:
    accepted: dict[str, Accepted] = {}
    expired: list[Ignored] = []
    for approval in counted:
        for acceptance in approval.spec.accepts:
            if acceptance.name not in question.must_accept:
                continue
            if acceptance.until <= now:  # Rule 8
                reason = f"its acceptance of {acceptance.name} has expired"
                expired.append(Ignored(approval.name, approval.spec.approver, reason))
            else:
                found = Accepted(acceptance.name, approval.spec.approver, acceptance.until)
                accepted.setdefault(acceptance.name, found)
    return accepted, expired


def _answer(
    question: Question,
    counted: Sequence[Approval],
    lacking: Sequence[str],
    accepted: dict[str, Accepted],
    ignored: Sequence[Ignored],
) -> Answer:
    approvers = tuple(dict.fromkeys(approval.spec.approver for approval in counted))
    override = _override(question, counted)
    missing = 0 if override else max(0, question.required - len(approvers))
    unaccepted = tuple(name for name in question.must_accept if name not in accepted)
    wanted = [f"{missing} more approval{'' if missing == 1 else 's'}"] if missing else []
    wanted += [] if override else lacking
    if unaccepted:
        wanted.append(f"somebody to accept {', '.join(unaccepted)}")
    message = f"waits for {' and '.join(wanted)}" if wanted else _agreed(approvers, override)
    if wanted and ignored:
        message += "; not counted: " + "; ".join(i.reason for i in ignored)
    return Answer(
        "Waiting" if wanted else "Enough",
        message,
        approvers,
        missing,
        unaccepted,
        tuple(accepted[name] for name in sorted(accepted)),
        tuple(ignored),
        override,
    )


def _agreed(approvers: tuple[str, ...], override: Override | None) -> str:
    if override:
        return f"EMERGENCY override by {override.by}: {override.reason}"
    return f"approved by {', '.join(approvers)}" if approvers else "no approval is required"
