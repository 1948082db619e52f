"""Have enough of the right people agreed to this promotion of this digest? Pure.

The rules, in the order in which they are applied to each approval:

1. An approval of another promotion is not looked at.
2. It is for this release digest and this target; an approval of other bytes approves nothing.
3. Its approver may approve (RBAC verb `approve` on the promotion).
4. One rejection ends the promotion, whatever else is there, also under an older policy version.
5. An approval was given under the policy version that is in force.
6. With `excludeAuthor`, neither the author of the release nor whoever started the promotion counts.
7. One person counts once.
8. A gap in the evidence is accepted by a counted approval that names it and whose `until` has not
   passed.

Enough is: as many counted approvers as required, and every gap accepted. When gaps must be
accepted, somebody must do so even if no approval is required otherwise. Every approval that does
not count is listed with the rule that it breaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from idp.capabilities.promotion.kinds import Approval

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
    """

    state: State
    message: str
    counted: tuple[str, ...] = ()
    missing: int = 0
    unaccepted: tuple[str, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    ignored: tuple[Ignored, ...] = ()


def approvals(
    question: Question,
    given: Sequence[Approval],
    may_approve: frozenset[str],
    now: datetime,
) -> Answer:
    """Apply the rules.

    Args:
        question: What is to be approved.
        given: Approvals, of any promotion, oldest first.
        may_approve: Names of the Approval objects whose approver has the right.
        now: For acceptances that expire.
    """
    counted: list[Approval] = []
    ignored: list[Ignored] = []
    for approval in given:
        if approval.spec.promotion != question.promotion:  # Rule 1
            continue
        reason = _why_not_looked_at(question, approval, may_approve)
        if reason is None and approval.spec.decision == "reject":  # Rule 4
            return _rejected(approval, ignored)
        reason = reason or _why_not_counted(question, approval, counted)
        if reason is None:
            counted.append(approval)
        else:
            ignored.append(Ignored(approval.name, approval.spec.approver, reason))
    accepted, expired = _acceptances(question, counted, now)
    return _answer(question, counted, accepted, [*ignored, *expired])


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
    question: Question, approval: Approval, counted: Sequence[Approval]
) -> str | None:
    spec = approval.spec
    if spec.policy_version != question.policy_version:  # Rule 5
        return "it was given under another policy version"
    if question.exclude_author and spec.approver == question.author:  # Rule 6
        return f"{spec.approver} is the author of the release"
    if question.exclude_author and spec.approver == question.initiator:
        return f"{spec.approver} started the promotion"
    if any(spec.approver == other.spec.approver for other in counted):  # Rule 7
        return f"{spec.approver} has approved already"
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
    accepted: dict[str, Accepted],
    ignored: Sequence[Ignored],
) -> Answer:
    missing = max(0, question.required - len(counted))
    unaccepted = tuple(name for name in question.must_accept if name not in accepted)
    approvers = tuple(approval.spec.approver for approval in counted)
    wanted = [f"{missing} more approval{'' if missing == 1 else 's'}"] if missing else []
    if unaccepted:
        wanted.append(f"somebody to accept {', '.join(unaccepted)}")
    message = f"waits for {' and '.join(wanted)}" if wanted else _agreed(approvers)
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
    )


def _agreed(approvers: tuple[str, ...]) -> str:
    return f"approved by {', '.join(approvers)}" if approvers else "no approval is required"
