"""The five metrics, from histories that are told in hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.capabilities.promotion.decide.dora import (
    FAIL_RATE,
    FREQUENCY,
    LEAD_TIME,
    RECOVERY_TIME,
    REWORK_RATE,
    UNITS,
    Change,
    Metric,
    measure,
)

START = datetime(2026, 11, 1, tzinfo=UTC)
TEN_DAYS = timedelta(days=10)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def promote(hours: float, *, after: float | None = 2, application: str = "demo/hello") -> Change:
    committed = None if after is None else at(hours - after)
    return Change(application, False, True, True, at(hours), committed)


def rollback(hours: float, application: str = "demo/hello") -> Change:
    return Change(application, True, True, True, at(hours))


def failed(hours: float, *, reached: bool) -> Change:
    return Change("demo/hello", False, False, reached, at(hours), at(hours - 1))


def measured(*changes: Change) -> dict[str, Metric]:
    return {metric.name: metric for metric in measure(changes, since=START, until=START + TEN_DAYS)}


def test_quiet_deliveries() -> None:
    found = measured(promote(10, after=1), promote(20, after=3), promote(30, after=8))
    assert (found[LEAD_TIME].value, found[LEAD_TIME].samples) == (3, 3)
    assert found[FREQUENCY].value == pytest.approx(0.3)
    assert found[FAIL_RATE].value == 0
    assert (found[RECOVERY_TIME].value, found[RECOVERY_TIME].why) == (None, "no deployment failed")


def test_a_rollback_makes_the_deployment_before_it_a_failure() -> None:
    found = measured(promote(10), promote(20), rollback(20.5), promote(30))
    assert found[FAIL_RATE].value == pytest.approx(100 / 3)
    assert found[RECOVERY_TIME].value == pytest.approx(0.5)


def test_the_rollback_of_another_application_does_not() -> None:
    found = measured(promote(10), rollback(11, "demo/other"))
    assert found[FAIL_RATE].value == 0


def test_what_failed_before_its_commit_never_ran() -> None:
    assert measured(failed(10, reached=False))[FREQUENCY].value is None
    found = measured(promote(5), failed(10, reached=False))
    assert (found[FREQUENCY].samples, found[FAIL_RATE].value) == (1, 0)


def test_what_failed_after_its_commit_is_over_with_the_next_success() -> None:
    found = measured(failed(10, reached=True), failed(11, reached=True), promote(14))
    assert found[FAIL_RATE].value == pytest.approx(200 / 3)
    assert found[RECOVERY_TIME].value == pytest.approx(3.5)
    still = measured(failed(10, reached=True))
    assert still[RECOVERY_TIME].why == "no failed deployment is over yet"


def test_only_the_period_counts_and_what_came_later_still_judges_it() -> None:
    hours = TEN_DAYS.total_seconds() / 3600
    found = measured(promote(-1), promote(hours - 1), rollback(hours + 1), promote(hours))
    assert found[FREQUENCY].samples == 1
    assert found[FAIL_RATE].value == 0  # the promotion after it succeeded before the rollback


def test_blank_figures_say_why() -> None:
    assert {metric.why for metric in measured().values()} == {"nothing was deployed in this period"}
    found = measured(promote(10, after=None))
    assert "the releases are gone" in found[LEAD_TIME].why
    assert found[REWORK_RATE].why


@given(st.lists(st.tuples(st.floats(0, 239), st.booleans(), st.booleans(), st.booleans())))
def test_figures_stay_within_what_they_can_be(rows: list[tuple[float, bool, bool, bool]]) -> None:
    changes = [Change("a", back, well, well or ran, at(hour)) for hour, back, well, ran in rows]
    for metric in measured(*changes).values():
        assert (metric.value is None) == bool(metric.why)
        assert metric.unit == UNITS[metric.name]
        if metric.value is not None:
            assert metric.value >= 0
            assert metric.unit != "%" or metric.value <= 100
