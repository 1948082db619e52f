from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.promotion.decide.next_promotions import (
    KnownPromotion,
    KnownRelease,
    Plan,
    next_promotions,
    promotion_name,
)


def release(count: int, *verified_in: str, promoted: bool = False) -> KnownRelease:
    return KnownRelease(
        f"hello-r{count}", f"r{count}", count, verified_in=frozenset(verified_in), promoted=promoted
    )


def promotion(
    count: int, phase: str = "Succeeded", *, turn: bool = False, at: int = 0, name: str = ""
) -> KnownPromotion:
    created = f"2026-11-24T00:00:{at or count:02}Z"
    return KnownPromotion(name or f"hello-r{count}", f"hello-r{count}", phase, created, turn)


def plan(
    releases: list[KnownRelease],
    promotions: list[KnownPromotion],
    *,
    previous: str | None = None,
    automatic: bool = True,
    supersede: Literal["always", "never"] = "always",
) -> Plan:
    return next_promotions(
        "hello",
        releases,
        promotions,
        previous=previous,
        automatic=automatic,
        supersede=supersede,
    )


def started(result: Plan) -> str | None:
    return result.start.name if result.start else None


@pytest.mark.parametrize(
    ("releases", "promotions", "previous", "expected"),
    [
        ([], [], None, None),
        ([release(1)], [], None, "hello-r1"),
        ([release(1), release(2)], [], None, "hello-r2"),
        ([release(1), release(2)], [promotion(2)], None, None),
        ([release(1), release(2)], [promotion(2, "Failed")], None, None),
        ([release(1), release(2), release(3)], [promotion(2)], None, "hello-r3"),
        ([release(1)], [], "development", None),
        ([release(1, "development"), release(2)], [], "development", "hello-r1"),
        ([release(1, "staging")], [], "development", None),
        ([release(1, "development"), release(2)], [promotion(2)], "development", None),
        ([release(1), release(2, promoted=True)], [], None, None),
    ],
)
def test_what_starts(
    releases: list[KnownRelease],
    promotions: list[KnownPromotion],
    previous: str | None,
    expected: str | None,
) -> None:
    assert started(plan(releases, promotions, previous=previous)) == expected


def test_nothing_starts_when_the_pipeline_is_not_automatic() -> None:
    assert started(plan([release(1)], [], automatic=False)) is None


def test_nothing_starts_by_itself_after_a_rollback() -> None:
    rollback = KnownPromotion("rollback-1", "", "Succeeded", "2026-11-24T01:00:00Z", True)
    assert started(plan([release(1), release(2)], [promotion(1), promotion(2), rollback])) is None


def test_a_started_release_supersedes_who_waits() -> None:
    waiting = promotion(1, "Running")
    assert plan([release(1), release(2)], [waiting]).superseded == (("hello-r1", "hello-r2"),)


def test_a_promotion_that_has_its_turn_is_not_superseded() -> None:
    assert plan([release(1), release(2)], [promotion(1, "Running", turn=True)]).superseded == ()


def test_a_person_starting_a_newer_one_supersedes_who_waits() -> None:
    promotions = [promotion(1, "Running"), promotion(2, "Pending", name="by-hand")]
    result = plan([release(1), release(2)], promotions, automatic=False)
    assert result.superseded == (("hello-r1", "by-hand"),)


def test_a_failed_newer_one_supersedes_nothing() -> None:
    promotions = [promotion(1, "Running"), promotion(2, "Failed")]
    assert plan([release(1), release(2)], promotions).superseded == ()


def test_an_older_release_promoted_by_hand_afterwards_is_meant() -> None:
    promotions = [promotion(2, "Succeeded", turn=True), promotion(1, "Pending", at=9)]
    assert plan([release(1), release(2)], promotions) == Plan(None, "", ())


def test_repeated_promotions_get_a_number() -> None:
    taken = [promotion(1), promotion(1, name="hello-r1-2")]
    assert promotion_name("hello", "r1", []) == "hello-r1"
    assert promotion_name("hello", "r1", taken) == "hello-r1-3"


releases = st.lists(
    st.builds(lambda n, v: release(n, *v), st.integers(1, 8), st.sets(st.just("staging"))),
    unique_by=lambda r: r.name,
    max_size=6,
)
promotions = st.lists(
    st.builds(
        lambda n, phase, turn, at: promotion(n, phase, turn=turn, at=at),
        st.integers(1, 8),
        st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Superseded"]),
        st.booleans(),
        st.integers(1, 30),
    ),
    unique_by=lambda p: p.name,
    max_size=6,
)


@given(releases, promotions)
def test_what_starts_is_verified_new_and_starts_once(
    known: list[KnownRelease], past: list[KnownPromotion]
) -> None:
    result = plan(known, past, previous="staging")
    if result.start is None:
        return
    assert "staging" in result.start.verified_in
    assert result.start.name not in {p.release for p in past}
    again = [*past, KnownPromotion(result.name, result.start.name, "Pending", "2027")]
    assert started(plan(known, again, previous="staging")) is None


@given(releases, promotions)
def test_only_waiting_promotions_are_superseded(
    known: list[KnownRelease], past: list[KnownPromotion]
) -> None:
    by_name = {p.name: p for p in past}
    for name, by in plan(known, past).superseded:
        assert by_name[name].phase in ("Pending", "Running")
        assert not by_name[name].has_turn
        assert by != name


def test_a_frozen_release_holds_its_application() -> None:
    frozen = replace(release(1, promoted=True), frozen=True)
    assert plan([frozen, release(2)], [promotion(1, "Failed")]).start is None
    lifted = replace(frozen, frozen=False)
    assert started(plan([lifted, release(2)], [promotion(1, "Failed")])) == "hello-r2"


@pytest.mark.parametrize(
    ("promotions", "expected"),
    [
        ([], "hello-r1"),
        ([promotion(1)], "hello-r2"),
        ([promotion(1, "Failed")], "hello-r2"),
        ([promotion(1, "Running")], None),
        ([promotion(1), promotion(2, "")], None),
        ([promotion(1), promotion(2)], "hello-r3"),
        ([promotion(3)], None),
    ],
)
def test_releases_queue_where_nothing_is_superseded(
    promotions: list[KnownPromotion], expected: str | None
) -> None:
    known = [release(3), release(1), release(2)]
    result = plan(known, promotions, supersede="never")
    assert (started(result), result.superseded) == (expected, ())
