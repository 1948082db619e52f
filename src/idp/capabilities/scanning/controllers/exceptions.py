"""States how exceptions stand, and in the history which findings they cover."""

from __future__ import annotations

import asyncio
from datetime import datetime

import sqlalchemy

from idp.capabilities.scanning.history.exceptions import state_exceptions
from idp.capabilities.scanning.kinds import (
    VulnerabilityException,
    VulnerabilityExceptionSpec,
    VulnerabilityExceptionStatus,
)
from idp.kernel.client import Client
from idp.kernel.clock import Clock, timestamp, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import Conflict, NotFound
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status

LONGEST_SLEEP = 3600.0
"""Seconds after which a namespace is looked at again, should a clock have been set."""


class ExceptionReconciler:
    """Reconciles all exceptions of one namespace; verdicts never depend on it."""

    def __init__(self, client: Client, database: sqlalchemy.Engine, clock: Clock = utc_now) -> None:
        self._client = client
        self._database = database
        self._clock = clock

    def controller(self) -> Controller:
        """The controller; its keys are namespaces."""
        watches = [Watch(VulnerabilityException.type(), _namespace_of)]
        return Controller("vulnerability-exceptions", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """State everything that follows from the exceptions of the namespace."""
        now = self._clock()
        listed = await self._client.list(VulnerabilityException.type(), request.namespace)
        exceptions = [VulnerabilityException.parse(manifest) for manifest in listed.items]
        covered = await asyncio.to_thread(
            state_exceptions, self._database, request.namespace, exceptions, now
        )
        for manifest, exception in zip(listed.items, exceptions, strict=True):
            await self._state(manifest, exception, covered.get(exception.name, 0), now)
        ends = [e.spec.expires for e in exceptions if e.spec.expires > now]
        if not ends:
            return Result()
        soonest = (min(ends) - now).total_seconds()
        return Result(requeue_after=min(soonest + 0.1, LONGEST_SLEEP))

    async def _state(
        self, manifest: Manifest, exception: VulnerabilityException, count: int, now: datetime
    ) -> None:
        condition = condition_of(exception.spec, now)
        status = VulnerabilityExceptionStatus(
            phase=_PHASES[condition.reason],
            findings=count,
            conditions=dated(manifest, condition, now),
        )
        try:
            await write_status(self._client, VulnerabilityException.type(), manifest, status)
        except (Conflict, NotFound):
            return  # its event calls again


_PHASES = {"Active": "Active", "Expired": "Expired", "NotApproved": "Waiting"}


def condition_of(spec: VulnerabilityExceptionSpec, now: datetime) -> Condition:
    """How an exception stands. Pure."""
    void = spec.void(now)
    if not void:
        message = f"approved by {spec.approver}, until {timestamp(spec.expires)}"
        return true("Active", "Active", message)
    if spec.expires <= now:
        remedy = "Fix the finding, or ask for another exception."
        return false("Active", "Expired", void, remedy=remedy)
    remedy = "Somebody else than its author approves it: `idp-cli security exception approve`."
    return false("Active", "NotApproved", void, remedy=remedy)


def _namespace_of(manifest: Manifest) -> list[Request]:
    return [Request(manifest["metadata"].get("namespace", ""), "")]
