"""Says when findings are open past their due date: a condition, and one Event for each delay.

The condition `FindingsInTime` stands on the SecurityProfile in force, whose `dueDays` set the
dates.
The Event is told in the application's namespace; another date that passes tells another one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import sqlalchemy

from idp.capabilities.scanning.history.report import Overdue, next_due, overdue
from idp.capabilities.scanning.kinds import PROFILE, SecurityProfile, SecurityProfileStatus
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, parse_timestamp, timestamp, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import Conflict, NotFound
from idp.kernel.events import warn
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status

LONGEST_SLEEP = 300.0
"""Seconds after which the history is looked at again: scans come without an event here."""
_NAMED = 5


class OverdueReconciler:
    """Reconciles the default SecurityProfile with the history."""

    def __init__(self, client: Client, database: sqlalchemy.Engine, clock: Clock = utc_now) -> None:
        self._client = client
        self._database = database
        self._clock = clock

    def controller(self) -> Controller:
        """The controller."""
        watches = [Watch(SecurityProfile.type(), _default)]
        return Controller("overdue-findings", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """State what is late, and tell it."""
        manifest = await get_or_none(self._client, SecurityProfile.type(), request.name)
        if manifest is None:
            return Result()
        now = self._clock()
        late = await asyncio.to_thread(overdue, self._database, timestamp(now))
        for one in late:
            await self._tell(one)
        status = SecurityProfileStatus.model_validate(manifest.get("status") or {})
        status.conditions = dated(manifest, condition_of(late), now)
        with contextlib.suppress(Conflict, NotFound):  # its event calls again
            await write_status(self._client, SecurityProfile.type(), manifest, status)
        soonest = await asyncio.to_thread(next_due, self._database, timestamp(now))
        if not soonest:
            return Result(requeue_after=LONGEST_SLEEP)
        seconds = (parse_timestamp(soonest) - now).total_seconds() + 1
        return Result(requeue_after=min(max(seconds, 1.0), LONGEST_SLEEP))

    async def _tell(self, late: Overdue) -> None:
        await warn(
            self._client,
            late.namespace,
            component="idp-scanning",
            subject=f"{late.namespace}/{late.application} {late.newest_due}",
            reason="FindingsOverdue",
            message=f"{late.application}: {_said(late)}, of {', '.join(late.owners)}. List them: "
            f"`idp-cli security findings {late.application} -n {late.namespace} --overdue`.",
        )


def condition_of(late: Sequence[Overdue]) -> Condition:
    """Whether findings are fixed in time. Pure."""
    if not late:
        return true("FindingsInTime", "InTime", "no finding is open past its due date")
    named = [f"{one.namespace}/{one.application} ({_said(one)})" for one in late[:_NAMED]]
    more = f" and {len(late) - _NAMED} more applications" if len(late) > _NAMED else ""
    remedy = "Fix them, or ask for exceptions: `idp-cli security findings -A --overdue` lists them."
    return false("FindingsInTime", "Overdue", ", ".join(named) + more, remedy=remedy)


def _said(late: Overdue) -> str:
    noun = "finding is" if late.count == 1 else "findings are"
    return f"{late.count} {noun} late since {late.newest_due[:10]} or longer"


def _default(manifest: Manifest) -> list[Request]:
    name = manifest["metadata"]["name"]
    return [Request("", name)] if name == PROFILE else []
