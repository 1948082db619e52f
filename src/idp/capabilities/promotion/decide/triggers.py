"""What a trigger's event starts, and when. Pure.

Rules for an event, in the order in which they are applied:

1. It is about the release of its commit; without a commit, about the newest that may come.
2. A release may come when the environment has no previous one, or the previous one verified it.
   Until then the event waits, at most `PATIENCE`; one without a commit does not wait.
3. What was promoted here before is not promoted again: a person may do that.
4. Nothing older than what was ever promoted here is started: a trigger never goes back.

The event's promotion has the event's name, so whatever is done twice starts one promotion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from idp.capabilities.promotion.decide.next_promotions import KnownPromotion, KnownRelease
from idp.capabilities.promotion.kinds import PromotionTriggerSpec, ScheduleRule
from idp.capabilities.promotion.kinds.trigger import LONGEST_TRIGGER_NAME
from idp.kernel.errors import InvalidInput

PATIENCE = timedelta(days=7)
LATE = timedelta(hours=1)
"""How long after its moment a schedule is still kept, when the platform was not running."""

_BRANCH, _TAG = "refs/heads/", "refs/tags/"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an event.

    Attributes:
        phase: Of its status.
        release: Name of the Release to promote now; empty for none.
        message: What it waits for, or why it ended.
        remedy: What a person can do.
    """

    phase: Literal["Waiting", "Started", "Ended"]
    release: str = ""
    message: str = ""
    remedy: str = ""


def concerns(spec: PromotionTriggerSpec, reference: str) -> bool:
    """Whether a push of a full reference is an occasion of this trigger."""
    if reference.startswith(_BRANCH):
        return bool(spec.branch) and fnmatchcase(reference.removeprefix(_BRANCH), spec.branch)
    if reference.startswith(_TAG):
        return bool(spec.tag) and fnmatchcase(reference.removeprefix(_TAG), spec.tag)
    return False


def event_name(trigger: str, occasion: str) -> str:
    """The same occasion of the same trigger always has the same name."""
    digits = hashlib.sha256(occasion.encode()).hexdigest()[:16]
    return f"{trigger[:LONGEST_TRIGGER_NAME].rstrip('-.')}-{digits}"


def last_due(rule: ScheduleRule, now: datetime) -> datetime:
    """The newest moment that is not after `now`.

    Raises:
        InvalidInput: The schedule or the zone cannot be understood.
    """
    try:
        # The search is by the minute and leaves out the one that it begins with.
        after = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return next(CronSim(rule.cron, after.astimezone(ZoneInfo(rule.zone)), reverse=True))
    except (CronSimError, StopIteration):
        raise InvalidInput(
            f"{rule.cron!r} names no moments",
            remedy="Write minute, hour, day of the month, month and day of the week: 0 6 * * 1-5.",
        ) from None
    except (KeyError, ValueError, OSError):
        raise InvalidInput(
            f"{rule.zone!r} is no time zone", remedy="Use an IANA name such as Europe/Zurich."
        ) from None


def next_due(rule: ScheduleRule, now: datetime) -> datetime:
    """The first moment after `now`; raises what `last_due` raises."""
    last_due(rule, now)
    return next(CronSim(rule.cron, now.astimezone(ZoneInfo(rule.zone))))


def decide(
    application: str,
    release: KnownRelease | None,
    releases: Sequence[KnownRelease],
    promotions: Sequence[KnownPromotion],
    *,
    previous: str | None,
    waited: timedelta,
) -> Decision:
    """Apply rules 2 to 4.

    Args:
        application: Its name, for remedies.
        release: What the event is about; None when it is not known here yet.
        releases: All that are known here.
        promotions: All of the application here.
        previous: Environment that must have verified a release first.
        waited: Since the event.
    """
    if release is None:
        return _waiting(application, waited, "its commit to be built and released")
    past = [p for p in promotions if p.release == release.name]
    if past or release.promoted:
        names = f": {past[-1].name}" if past else ""
        return Decision("Ended", message=f"{release.version} was promoted here before{names}")
    known = {r.name: r for r in releases}
    promoted = [known[p.release] for p in promotions if p.release in known]
    promoted += [r for r in releases if r.promoted]
    newer = [r for r in promoted if r.order > release.order]
    if newer:
        newest = max(newer, key=lambda r: r.order)
        return Decision(
            "Ended",
            message=f"{newest.version}, which is newer than {release.version}, was promoted here",
            remedy=f"`idp-cli promote {application} --release {release.name}` goes back to it.",
        )
    if previous is not None and previous not in release.verified_in:
        return _waiting(application, waited, f"{previous} to verify {release.version}")
    return Decision("Started", release.name)


def newest_that_may_come(
    releases: Sequence[KnownRelease], previous: str | None
) -> KnownRelease | None:
    """Rule 1 for an event without a commit; None when there is none."""
    eligible = [r for r in releases if previous is None or previous in r.verified_in]
    return max(eligible, key=lambda r: r.order, default=None)


def _waiting(application: str, waited: timedelta, what: str) -> Decision:
    if waited <= PATIENCE:
        return Decision("Waiting", message=f"waits for {what}")
    return Decision(
        "Ended",
        message=f"waited {PATIENCE.days} days for {what}",
        remedy=f"`idp-cli app {application}` shows where it stands; then promote it by hand.",
    )
