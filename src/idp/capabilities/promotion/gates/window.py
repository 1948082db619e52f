"""`window`: the environment changes at some hours only.

Days and times are those of the rule's zone, daylight saving included: each opening is a moment
of that day's wall clock. A time that the clock skips opens when it has been skipped; of one
that comes twice the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from idp.capabilities.environments.kinds import WEEKDAYS, WindowHours, WindowRule
from idp.capabilities.promotion.gates.gate import GateAnswer, GateCase, open_, refused
from idp.kernel.clock import timestamp

_DAYS_AHEAD = 400
"""Whoever closes more than a year hears that it never opens."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A time in which the environment may change: from `start` up to before `end`, in UTC."""

    start: datetime
    end: datetime


def decide(rule: WindowRule, now: datetime) -> GateAnswer:
    """Whether it is open, until when; else when it opens."""
    try:
        zone = ZoneInfo(rule.zone)
    except (KeyError, ValueError, OSError):
        return refused(
            f"there is no time zone {rule.zone!r}", "Name an IANA time zone, such as Europe/Zurich."
        )
    for opening in openings(rule, zone, now):
        if opening.start <= now:
            end = timestamp(opening.end)
            return open_(f"the window is open until {end}", zone=rule.zone, closes=end)
        local = opening.start.astimezone(zone).strftime("%a %Y-%m-%d %H:%M")
        return GateAnswer(
            "Waiting",
            f"the window opens on {local} {rule.zone}",
            "Time; or a hotfix or an emergency override, if it cannot wait.",
            opening.start,
            evidence={"zone": rule.zone, "opens": timestamp(opening.start)},
        )
    return refused("the window does not open within a year", "Open it on some day.")


def openings(rule: WindowRule, zone: ZoneInfo, now: datetime) -> Iterator[Opening]:
    """Openings that have not ended, by the day on which they begin, the earliest of a day first."""
    first = now.astimezone(zone).date() - timedelta(days=1)  # one may have begun yesterday
    for days in range(_DAYS_AHEAD):
        day = first + timedelta(days=days)
        if _closed(rule, day):
            continue
        found = [
            _opening(hours, day, zone)
            for hours in rule.open
            if WEEKDAYS[day.weekday()] in hours.days
        ]
        yield from sorted((o for o in found if now < o.end), key=lambda o: o.start)


def _closed(rule: WindowRule, day: date) -> bool:
    return any(e.first <= day <= (e.last or e.first) for e in rule.closed)


def _opening(hours: WindowHours, day: date, zone: ZoneInfo) -> Opening:
    start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
    last = day if start < end else day + timedelta(days=1)
    return Opening(
        datetime.combine(day, start, zone).astimezone(UTC),
        datetime.combine(last, end, zone).astimezone(UTC),
    )


class WindowGate:
    """Asks the clock."""

    rule = "window"
    overridable = True
    expedited = True

    async def ask(self, rule: WindowRule, case: GateCase) -> GateAnswer:
        """Whether it is open now."""
        return decide(rule, case.now)
