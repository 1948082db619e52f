from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.promotion.decide.promotion_set import (
    Member,
    SetPlan,
    State,
    in_order,
    mistake,
    next_steps,
)
from idp.capabilities.promotion.kinds import SetMember

NAMES = ("database", "orders", "shop")
AFTER = {"database": (), "orders": ("database",), "shop": ("orders",)}


def said(name: str, state: State) -> str:
    return "" if state == "Missing" else f"{name} says"


def members(*states: State, **more: Any) -> list[Member]:
    """The three, each after the one before it."""
    return [
        Member(name, AFTER[name], state, said(name, state), more.get(name, "No"))
        for name, state in zip(NAMES, states, strict=True)
    ]


def plan(found: list[Member], *cleared: str, failure: str = "", begun: bool = True) -> SetPlan:
    return next_steps(found, cleared=cleared, failure=failure, begun=begun)


def test_all_are_started_at_once() -> None:
    assert plan(members("Missing", "Missing", "Missing"), begun=False).start == NAMES


@pytest.mark.parametrize("late", range(3))
def test_none_commits_before_all_are_ready(late: int) -> None:
    states: list[State] = ["Ready"] * 3
    states[late] = "Gates"
    found = plan(members(*states))
    assert found.cleared == ()
    assert found.message == f"waits for the gates of {NAMES[late]}"


def test_then_they_commit_in_the_order_of_their_dependencies() -> None:
    assert plan(members("Ready", "Ready", "Ready")).cleared == ("database",)
    assert plan(members("Proceeding", "Ready", "Ready"), "database").cleared == ("database",)
    second = plan(members("Succeeded", "Ready", "Ready"), "database")
    assert second.cleared == ("database", "orders")
    third = plan(members("Succeeded", "Succeeded", "Ready"), "database", "orders")
    assert third.cleared == NAMES
    assert plan(members("Succeeded", "Succeeded", "Succeeded"), *NAMES).phase == "Succeeded"


def test_a_member_that_shuts_again_after_the_first_commit_is_waited_for() -> None:
    found = plan(members("Succeeded", "Gates", "Ready"), "database")
    assert found.cleared == ("database", "orders")


def test_a_failure_stops_the_others_then_undoes_dependents_first() -> None:
    first = plan(members("Succeeded", "Succeeded", "Failed"), *NAMES)
    assert (first.phase, first.failure) == ("RollingBack", "shop: shop says")
    assert first.roll_back == ("orders",)
    stopped = plan(members("Succeeded", "Proceeding", "Failed"), *NAMES)
    assert (stopped.abort, stopped.roll_back) == (("orders",), ())
    then = plan(members("Succeeded", "Succeeded", "Failed", orders="Done"), failure="shop: no")
    assert then.roll_back == ("database",)
    done = plan(
        members("Succeeded", "Succeeded", "Failed", orders="Done", database="Done"), failure="no"
    )
    assert (done.phase, done.message) == ("Failed", "no; nothing of the set is in force")


def test_what_cannot_be_rolled_back_is_said_loudly_and_not_waited_for() -> None:
    found = plan(members("Succeeded", "Failed", "Failed", database="Failed"), failure="no")
    assert found.phase == "Failed"
    assert "BUT database could not be rolled back and is in force" in found.message


def test_a_promotion_that_was_deleted_fails_the_set() -> None:
    found = plan(members("Ready", "Missing", "Ready"))
    assert found.failure == "orders: its promotion was deleted"
    assert found.abort == ("database", "shop")


def test_a_failure_is_for_good() -> None:
    assert plan(members("Succeeded", "Succeeded", "Succeeded"), *NAMES, failure="no").roll_back


def member(application: str, *after: str) -> SetMember:
    return SetMember(application=application, release="r1", after=list(after))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ([member("a"), member("b", "a")], ""),
        ([member("a"), member("a")], "a is in the set more than once"),
        ([member("a"), member("b", "c")], "c is in no member of the set, and something is after"),
        ([member("a", "b"), member("b", "a")], "the members wait for each other"),
        ([member("a", "a"), member("b")], "the members wait for each other: a after a"),
    ],
)
def test_what_cannot_be_carried_out_is_told(wanted: list[SetMember], said: str) -> None:
    assert said in mistake(wanted)
    assert bool(mistake(wanted)) == bool(said)


@given(st.data())
def test_whatever_happens_it_ends_with_all_or_none(data: st.DataObject) -> None:
    """Members move and fail as they like; the plan is carried out; what is left is all or none."""
    states: dict[str, State] = dict.fromkeys(NAMES, "Gates")
    undone: dict[str, str] = dict.fromkeys(NAMES, "No")
    cleared: tuple[str, ...] = ()
    failure = ""
    for _ in range(200):
        found = plan(members(*(states[n] for n in NAMES), **undone), *cleared, failure=failure)
        cleared, failure = found.cleared, found.failure
        if found.phase in ("Succeeded", "Failed"):
            break
        for name in found.abort:
            states[name] = "Failed"
        for name in found.roll_back:
            undone[name] = "Done"
        name = data.draw(st.sampled_from(NAMES))
        fails = data.draw(st.integers(0, 9)) == 0
        ahead: dict[State, State] = {"Gates": "Ready", "Proceeding": "Succeeded"}
        if states[name] == "Ready":
            ahead = {"Ready": "Proceeding"} if name in cleared and not failure else {}
        if states[name] in ahead:
            if states[name] == "Proceeding":
                assert all(states[n] == "Succeeded" for n in AFTER[name])
            states[name] = "Failed" if fails else ahead[states[name]]
    else:
        assert found.phase == "Running"
        return
    in_force = [n for n in NAMES if states[n] == "Succeeded" and undone[n] != "Done"]
    assert in_force == (list(NAMES) if found.phase == "Succeeded" else [])


def test_order() -> None:
    assert in_order(AFTER) == list(NAMES)
