from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.environments.kinds import EmergencyRule, Requirement
from idp.capabilities.promotion.decide.approvals import Answer, Question, approvals
from idp.capabilities.promotion.kinds import Acceptance, Approval, ApprovalSpec
from idp.kernel.resource import ObjectMeta

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
POLICY, OLD_POLICY = "sha256:" + "c" * 64, "sha256:" + "d" * 64


def question(**changes: Any) -> Question:
    facts: dict[str, Any] = {
        "promotion": "hello-r1",
        "release_digest": DIGEST,
        "target": "production",
        "policy_version": POLICY,
        "required": 1,
        "exclude_author": True,
        "author": "ada",
        "initiator": "platform",
    }
    return Question(**{**facts, **changes})


def approval(approver: str = "grace", name: str = "", **changes: Any) -> Approval:
    spec: dict[str, Any] = {
        "promotion": "hello-r1",
        "release_digest": DIGEST,
        "target": "production",
        "policy_version": POLICY,
        "decision": "approve",
        "approver": approver,
    }
    created = changes.pop("created", NOW)
    return Approval(
        metadata=ObjectMeta(name=name or f"by-{approver}", creation_timestamp=created),
        spec=ApprovalSpec(**{**spec, **changes}),
    )


def accepts(name: str, hours: int) -> list[Acceptance]:
    return [Acceptance(name=name, until=NOW + timedelta(hours=hours))]


def ask(q: Question, *given_: Approval, unprivileged: frozenset[str] = frozenset()) -> Answer:
    may = frozenset(a.name for a in given_ if a.spec.approver not in unprivileged)
    return approvals(q, given_, may, NOW)


def test_enough() -> None:
    answer = ask(question(), approval())
    assert (answer.state, answer.counted) == ("Enough", ("grace",))


def test_none_required_and_nothing_to_accept_is_enough() -> None:
    assert ask(question(required=0)).state == "Enough"


def test_waiting_says_for_what() -> None:
    answer = ask(question(required=2, must_accept=("dependencies",)))
    assert answer.state == "Waiting"
    assert answer.message == "waits for 2 more approvals and somebody to accept dependencies"


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (approval("ada"), "author of the release"),
        (approval("bob"), "started the promotion"),
        (approval("mallory"), "may not approve here"),
        (approval(release_digest=OTHER), "another digest"),
        (approval(policy_version=OLD_POLICY), "another policy version"),
        (approval(target="uat"), "another target"),
    ],
)
def test_what_does_not_count_is_named(given_: Approval, reason: str) -> None:
    answer = ask(question(initiator="bob"), given_, unprivileged=frozenset({"mallory"}))
    assert answer.state == "Waiting"
    assert answer.missing == 1
    assert reason in answer.ignored[0].reason
    assert reason in answer.message


def test_author_counts_when_the_rule_allows_it() -> None:
    assert ask(question(exclude_author=False), approval("ada")).state == "Enough"


def test_approval_of_another_promotion_is_not_looked_at() -> None:
    answer = ask(question(), approval(promotion="hello-r2"))
    assert (answer.state, answer.ignored) == ("Waiting", ())


def test_one_person_counts_once() -> None:
    answer = ask(question(required=2), approval(name="one"), approval(name="two"))
    assert answer.state == "Waiting"
    assert "already" in answer.ignored[0].reason


def test_a_rejection_ends_it_even_after_enough_approvals() -> None:
    rejection = approval("linus", decision="reject", comment="not on a Friday")
    answer = ask(question(), approval(), rejection)
    assert answer.state == "Rejected"
    assert answer.message == "rejected by linus: not on a Friday"


def test_a_rejection_counts_under_an_older_policy_and_by_the_author() -> None:
    rejection = approval("ada", decision="reject", comment="no", policy_version=OLD_POLICY)
    assert ask(question(), rejection).state == "Rejected"


@pytest.mark.parametrize(
    "rejection",
    [
        approval("mallory", decision="reject", comment="no"),
        approval("linus", decision="reject", comment="no", release_digest=OTHER),
    ],
)
def test_a_rejection_without_the_right_or_of_other_bytes_does_not_count(
    rejection: Approval,
) -> None:
    answer = ask(question(), rejection, approval(), unprivileged=frozenset({"mallory"}))
    assert answer.state == "Enough"


def test_gap_must_be_accepted_by_name() -> None:
    q = question(must_accept=("dependencies", "code-unscored"))
    answer = ask(q, approval(accepts=accepts("dependencies", 1)))
    assert (answer.state, answer.unaccepted) == ("Waiting", ("code-unscored",))
    answer = ask(q, approval(accepts=accepts("dependencies", 1) + accepts("code-unscored", 1)))
    assert answer.state == "Enough"
    assert [(a.name, a.by) for a in answer.accepted] == [
        ("code-unscored", "grace"),
        ("dependencies", "grace"),
    ]


def test_gap_needs_somebody_even_when_no_approval_is_required() -> None:
    q = question(required=0, must_accept=("dependencies",))
    assert ask(q).state == "Waiting"
    assert ask(q, approval(accepts=accepts("dependencies", 1))).state == "Enough"


def test_expired_acceptance_does_not_count() -> None:
    q = question(must_accept=("dependencies",))
    answer = ask(q, approval(accepts=accepts("dependencies", 0)))
    assert (answer.state, answer.missing) == ("Waiting", 0)
    assert "expired" in answer.ignored[0].reason


def test_acceptance_by_the_author_does_not_count() -> None:
    q = question(required=0, must_accept=("dependencies",))
    assert ask(q, approval("ada", accepts=accepts("dependencies", 1))).state == "Waiting"


def test_an_approval_expires() -> None:
    q = question(valid_hours=24)
    assert ask(q, approval(created=NOW - timedelta(hours=23))).state == "Enough"
    answer = ask(q, approval(created=NOW - timedelta(hours=24)))
    assert answer.message == (
        "waits for 1 more approval; not counted: "
        "the approval by grace expired at 2026-11-24T12:00:00Z"
    )
    assert ask(q, approval(created=None)).state == "Waiting"


def test_a_person_whose_approval_expired_may_give_another() -> None:
    old = approval(name="old", created=NOW - timedelta(hours=30))
    assert ask(question(valid_hours=24), old, approval(name="new")).state == "Enough"


MANAGERS = Requirement(group="release-managers")
SECURITY = Requirement(group="security", required=2)


def member(approver: str, *groups: str) -> Approval:
    return approval(approver, approver_groups=list(groups))


def test_each_requirement_says_what_it_lacks() -> None:
    q = question(requirements=(MANAGERS, SECURITY))
    answer = ask(q, member("grace", "security"))
    assert answer.message == "waits for 1 of release-managers and 1 of security"


def test_one_person_fills_one_place() -> None:
    q = question(requirements=(MANAGERS, SECURITY))
    both = member("grace", "release-managers", "security")
    assert ask(q, both, member("linus", "security")).state == "Waiting"
    answer = ask(q, both, member("linus", "security"), member("ken", "security"))
    assert answer.state == "Enough"


def test_somebody_in_both_is_counted_where_that_helps() -> None:
    q = question(requirements=(MANAGERS, Requirement(group="security")))
    both = member("grace", "release-managers", "security")
    assert ask(q, both, member("linus", "release-managers")).state == "Enough"
    assert ask(q, both, member("linus", "security")).state == "Enough"


def test_a_requirement_may_be_a_role_or_people() -> None:
    q = question(requirements=(Requirement(role="auditor"), Requirement(users=["ken", "dennis"])))
    given_ = [approval("grace"), approval("ken")]
    may = frozenset(a.name for a in given_)
    assert approvals(q, given_, may, NOW).message == "waits for 1 of role auditor"
    roles = {"by-grace": frozenset({"auditor"})}
    assert approvals(q, given_, may, NOW, roles).state == "Enough"


def test_the_author_fills_no_place() -> None:
    q = question(required=0, requirements=(MANAGERS,))
    assert ask(q, member("ada", "release-managers")).state == "Waiting"


def test_more_may_be_required_than_the_places() -> None:
    q = question(required=3, requirements=(MANAGERS,))
    assert ask(q, member("grace", "release-managers"), approval("ken")).missing == 1


def emergency(approver: str = "joan", **changes: Any) -> Approval:
    return approval(approver, emergency=True, comment="payments are down", **changes)


def test_an_override_stands_for_all_approvers_the_author_included() -> None:
    q = question(required=3, requirements=(MANAGERS, SECURITY))
    answer = ask(q, emergency("ada"))
    assert answer.state == "Enough"
    assert answer.message == "EMERGENCY override by ada: payments are down"
    assert answer.override is not None
    assert answer.override.until == NOW + timedelta(hours=4)


def test_an_override_does_not_accept_gaps_unless_it_names_them() -> None:
    q = question(must_accept=("dependencies",))
    assert ask(q, emergency()).unaccepted == ("dependencies",)
    assert ask(q, emergency(accepts=accepts("dependencies", 1))).state == "Enough"


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (emergency("mallory"), "mallory may not approve here"),
        (emergency(release_digest=OTHER), "another digest"),
        (emergency(policy_version=OLD_POLICY), "another policy version"),
        (emergency(target="uat"), "another target"),
        (emergency(created=NOW - timedelta(hours=4)), "expired at 2026-11-24T12:00:00Z"),
        (emergency(created=None), "expired"),
    ],
)
def test_an_override_that_does_not_count_is_named(given_: Approval, reason: str) -> None:
    answer = ask(question(), given_, unprivileged=frozenset({"mallory"}))
    assert (answer.state, answer.override) == ("Waiting", None)
    assert reason in answer.message


def test_where_none_is_taken_an_override_does_not_count() -> None:
    answer = ask(question(emergency=EmergencyRule(allowed=False)), emergency())
    assert "this environment takes no emergency override" in answer.message


def test_a_rejection_beats_an_override() -> None:
    rejection = approval("linus", decision="reject", comment="it is not the cause")
    assert ask(question(), emergency(), rejection).state == "Rejected"


given_approvals = st.lists(
    st.builds(
        approval,
        approver=st.sampled_from(["ada", "bob", "grace", "linus", "mallory"]),
        name=st.uuids().map(str),
        decision=st.sampled_from(["approve", "approve", "approve", "reject"]),
        release_digest=st.sampled_from([DIGEST, DIGEST, OTHER]),
        policy_version=st.sampled_from([POLICY, POLICY, OLD_POLICY]),
        comment=st.just("because"),
    ),
    max_size=8,
)


@given(given_approvals, st.integers(0, 3))
def test_enough_needs_as_many_different_entitled_people(
    given_: list[Approval], required: int
) -> None:
    q = question(required=required, initiator="bob")
    answer = ask(q, *given_, unprivileged=frozenset({"mallory"}))
    assert not {"ada", "bob", "mallory"} & set(answer.counted)
    assert len(set(answer.counted)) == len(answer.counted)
    if answer.state == "Enough":
        assert len(answer.counted) >= required
        assert not any(
            a.spec.decision == "reject"
            and a.spec.release_digest == DIGEST
            and a.spec.approver != "mallory"
            for a in given_
        )


@given(given_approvals)
def test_the_order_of_approvals_does_not_change_the_answer(given_: list[Approval]) -> None:
    forwards, backwards = ask(question(), *given_), ask(question(), *reversed(given_))
    assert forwards.state == backwards.state
    assert set(forwards.counted) == set(backwards.counted) or forwards.state == "Rejected"


people = st.lists(
    st.builds(
        approval,
        approver=st.sampled_from("abcdef"),
        name=st.uuids().map(str),
        approver_groups=st.lists(st.sampled_from(["x", "y", "z"]), max_size=3),
    ),
    max_size=7,
)
wanted = st.lists(
    st.builds(Requirement, group=st.sampled_from(["x", "y", "z"]), required=st.integers(1, 2)),
    max_size=3,
)


@given(people, wanted)
def test_enough_means_that_different_people_fill_all_places(
    given_: list[Approval], requirements: list[Requirement]
) -> None:
    """Against trying every order of people."""
    answer = ask(question(required=0, requirements=tuple(requirements)), *given_)
    first = {a.spec.approver: set(a.spec.approver_groups) for a in reversed(given_)}
    places = [r.group for r in requirements for _ in range(r.required)]
    possible = any(
        all(group in first[person] for group, person in zip(places, order, strict=True))
        for order in permutations(first, len(places))
    )
    assert (answer.state == "Enough") is possible
