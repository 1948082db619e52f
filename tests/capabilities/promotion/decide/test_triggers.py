from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp.capabilities.promotion.decide.next_promotions import KnownPromotion, KnownRelease
from idp.capabilities.promotion.decide.triggers import (
    PATIENCE,
    Decision,
    concerns,
    decide,
    event_name,
    last_due,
    newest_that_may_come,
    next_due,
)
from idp.capabilities.promotion.kinds import PromotionTriggerSpec, ScheduleRule
from idp.kernel.errors import InvalidInput


def trigger(**occasion: str) -> PromotionTriggerSpec:
    return PromotionTriggerSpec.model_validate({"application": "hello", "by": "maya", **occasion})


@pytest.mark.parametrize(
    ("occasion", "reference", "expected"),
    [
        ({"branch": "develop"}, "refs/heads/develop", True),
        ({"branch": "develop"}, "refs/heads/develop2", False),
        ({"branch": "develop"}, "refs/tags/develop", False),
        ({"branch": "*"}, "refs/heads/feature/fast", True),
        ({"tag": "v*"}, "refs/tags/v1.2.3", True),
        ({"tag": "v*"}, "refs/heads/v1", False),
        ({"tag": "v?"}, "refs/tags/v10", False),
        ({"tag": "v*"}, "refs/notes/v1", False),
        ({"tag": "V*"}, "refs/tags/v1", False),
    ],
)
def test_a_reference_concerns_the_trigger_of_its_pattern(
    occasion: dict[str, str], reference: str, expected: bool
) -> None:
    assert concerns(trigger(**occasion), reference) is expected


def test_an_occasion_has_one_name_that_fits_a_label() -> None:
    name = event_name("t" * 40, "refs/tags/v1 a")
    assert name == event_name("t" * 40, "refs/tags/v1 a")
    assert name != event_name("t" * 40, "refs/tags/v1 b")
    assert len(name) <= 63


ZURICH = "Europe/Zurich"


@pytest.mark.parametrize(
    ("cron", "zone", "now", "last", "following"),
    [
        ("0 6 * * *", "UTC", "2026-11-25T06:00:00", "2026-11-25T06:00:00", "2026-11-26T06:00:00"),
        ("0 6 * * *", "UTC", "2026-11-25T05:59:59", "2026-11-24T06:00:00", "2026-11-25T06:00:00"),
        ("0 6 * * *", "UTC", "2026-11-25T06:00:30", "2026-11-25T06:00:00", "2026-11-26T06:00:00"),
        ("0 6 * * *", ZURICH, "2026-11-25T05:30:00", "2026-11-25T05:00:00", "2026-11-26T05:00:00"),
        ("0 6 * * *", ZURICH, "2026-07-01T05:30:00", "2026-07-01T04:00:00", "2026-07-02T04:00:00"),
        ("0 9 * * 1", "UTC", "2026-11-25T00:00:00", "2026-11-23T09:00:00", "2026-11-30T09:00:00"),
    ],
)
def test_moments_of_a_schedule(cron: str, zone: str, now: str, last: str, following: str) -> None:
    rule = ScheduleRule(cron=cron, zone=zone)
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert last_due(rule, moment) == datetime.fromisoformat(last).replace(tzinfo=UTC)
    assert next_due(rule, moment) == datetime.fromisoformat(following).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "named"),
    [
        ("61 * * * *", "UTC", "61"),
        ("0 0 31 2 *", "UTC", "31 2"),
        ("0 6 * * *", "Mars/Olympus", "Mars"),
        ("0 6 * * *", "/etc/passwd", "passwd"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(cron: str, zone: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        last_due(ScheduleRule(cron=cron, zone=zone), datetime(2026, 11, 25, tzinfo=UTC))


def release(count: int, *verified: str, promoted: bool = False) -> KnownRelease:
    return KnownRelease(
        f"r{count}", f"r{count}-abc", count, verified_in=frozenset(verified), promoted=promoted
    )


def decided(
    about: KnownRelease | None,
    *others: KnownRelease,
    promotions: tuple[KnownPromotion, ...] = (),
    waited: timedelta = timedelta(),
) -> Decision:
    known = [*others, *([about] if about else [])]
    return decide("hello", about, known, promotions, previous="uat", waited=waited)


def test_what_the_previous_environment_verified_starts() -> None:
    assert decided(release(2, "uat"), release(1, "uat", promoted=True)) == Decision("Started", "r2")


def test_it_waits_for_the_build_and_for_the_previous_environment() -> None:
    assert "to be built" in decided(None).message
    waiting = decided(release(2, "staging"))
    assert (waiting.phase, waiting.message) == ("Waiting", "waits for uat to verify r2-abc")


def test_patience_ends_with_what_to_do() -> None:
    ended = decided(None, waited=PATIENCE + timedelta(seconds=1))
    assert ended.phase == "Ended"
    assert "idp-cli app hello" in ended.remedy


@pytest.mark.parametrize("phase", ["Failed", "Succeeded", "Running", "Superseded"])
def test_what_was_promoted_before_is_left_to_people(phase: str) -> None:
    before = KnownPromotion("by-hand", "r2", phase, "2026-11-25T00:00:00Z")
    ended = decided(release(2, "uat"), promotions=(before,))
    assert (ended.phase, ended.release) == ("Ended", "")
    assert "by-hand" in ended.message
    assert decided(release(2, "uat", promoted=True)).phase == "Ended"


def test_a_trigger_never_goes_back() -> None:
    ended = decided(release(2, "uat"), release(3, "uat", promoted=True))
    assert ended.phase == "Ended"
    assert "r3-abc" in ended.message
    assert "idp-cli promote hello --release r2" in ended.remedy


def test_the_newest_that_may_come() -> None:
    releases = [release(3), release(2, "uat"), release(1, "uat")]
    assert newest_that_may_come(releases, "uat") == releases[1]
    assert newest_that_may_come(releases, None) == releases[0]
    assert newest_that_may_come([], None) is None
