from __future__ import annotations

from datetime import UTC, datetime, timedelta

from idp.kernel.conditions import condition_of, false, is_true, set_condition, true
from idp.kernel.resource import Manifest

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def test_a_new_condition_begins_now() -> None:
    (condition,) = set_condition([], true("Ready", "Up"), now=NOON)
    assert condition.last_transition_time == NOON


def test_the_same_status_keeps_its_time_and_takes_the_rest() -> None:
    before = set_condition([], false("Ready", "Starting", "0 of 2"), now=NOON)
    new = false("Ready", "Starting", "1 of 2", remedy="Wait.", generation=3)
    (after,) = set_condition(before, new, now=LATER)
    assert after.last_transition_time == NOON
    assert (after.message, after.remedy, after.observed_generation) == ("1 of 2", "Wait.", 3)


def test_another_status_begins_anew() -> None:
    before = set_condition([], false("Ready", "Starting", "0 of 2"), now=NOON)
    (after,) = set_condition(before, true("Ready", "Up"), now=LATER)
    assert after.last_transition_time == LATER
    assert (after.message, after.remedy) == ("", "")


def test_other_conditions_and_their_order_stay() -> None:
    conditions = set_condition([], true("A", "x"), now=NOON)
    conditions = set_condition(conditions, true("B", "x"), now=NOON)
    conditions = set_condition(conditions, false("A", "y", "z"), now=LATER)
    assert [(c.type, c.status) for c in conditions] == [("A", "False"), ("B", "True")]
    assert conditions[1].last_transition_time == NOON


def test_the_input_is_not_changed() -> None:
    before = set_condition([], true("Ready", "Up"), now=NOON)
    set_condition(before, false("Ready", "Down", "gone"), now=LATER)
    assert before[0].status == "True"


def test_reading_any_object() -> None:
    manifest = {"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "X"}]}}
    assert is_true(manifest, "Ready")
    assert not is_true(manifest, "X")
    assert condition_of(manifest, "X") == {"type": "X"}
    without: list[Manifest] = [
        {},
        {"status": None},
        {"status": {}},
        {"status": {"conditions": None}},
    ]
    for empty in without:
        assert condition_of(empty, "Ready") is None
        assert not is_true(empty, "Ready")
