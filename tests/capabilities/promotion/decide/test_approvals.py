from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    return Approval(
        metadata=ObjectMeta(name=name or f"by-{approver}"), spec=ApprovalSpec(**{**spec, **changes})
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
