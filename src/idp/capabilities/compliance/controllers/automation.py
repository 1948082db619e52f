"""Does what of a SecurityAutomation can be done, and says of the rest that it cannot.

It makes the ComplianceReports that are missing. It changes no rule: rules are changed by people,
of whom one asks and another agrees; its conditions name the gap and the command.
"""

from __future__ import annotations

from datetime import datetime

from idp.capabilities.compliance.decide.automation import QUERIES, Plan, plan
from idp.capabilities.compliance.decide.evidence import evaluate
from idp.capabilities.compliance.gather import gather
from idp.capabilities.compliance.kinds import (
    ComplianceReport,
    SecurityAutomation,
    SecurityAutomationStatus,
)
from idp.capabilities.compliance.ports import Records
from idp.capabilities.compliance.render import report
from idp.kernel.client import Client, get_or_none
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, set_condition
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import AlreadyExists, Invalid
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import write_status

LOOK_AGAIN = 300.0
PERIOD_DAYS = 90


class AutomationReconciler:
    """Reconciles SecurityAutomations."""

    def __init__(
        self, client: Client, records: Records, environment: str, clock: Clock = utc_now
    ) -> None:
        self._client = client
        self._records = records
        self._environment = environment
        self._clock = clock

    def controller(self) -> Controller:
        """The controller."""
        watches = [Watch(SecurityAutomation.type())]
        return Controller("security-automations", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Make reports, state conditions."""
        manifest = await get_or_none(self._client, SecurityAutomation.type(), request.name)
        if manifest is None:
            return Result()
        now = self._clock()
        try:
            automation = SecurityAutomation.parse(manifest)
        except Invalid as error:
            remedy = "Correct the fields that are named."
            await self._write(manifest, Plan((), (), (_invalid(error, remedy),)), now)
            return Result()
        facts = await gather(self._client, self._records, self._environment, now, PERIOD_DAYS)
        evidence = {result.name: result for result in evaluate(facts, QUERIES)}
        found = plan(automation.spec, evidence)
        for name in found.frameworks:
            if await get_or_none(self._client, ComplianceReport.type(), name) is None:
                await self._create(report(name))
        await self._write(manifest, found, now)
        return Result(requeue_after=LOOK_AGAIN)

    async def _create(self, wanted: Manifest) -> None:
        try:
            await self._client.create(ComplianceReport.type(), wanted)
        except AlreadyExists:
            return  # somebody else was faster

    async def _write(self, manifest: Manifest, found: Plan, now: datetime) -> None:
        known = [
            Condition.model_validate(body)
            for body in (manifest.get("status") or {}).get("conditions") or []
        ]
        stated = {condition.type for condition in found.conditions}
        conditions = [condition for condition in known if condition.type in stated]
        for condition in found.conditions:
            conditions = set_condition(conditions, condition, now=now.replace(microsecond=0))
        status = SecurityAutomationStatus(
            reports=list(found.frameworks),
            unsupported=list(found.unsupported),
            conditions=conditions,
        )
        await write_status(self._client, SecurityAutomation.type(), manifest, status)


def _invalid(error: Invalid, remedy: str) -> Condition:
    return false("Ready", "Invalid", error.message, remedy=remedy)
