"""States of each ComplianceReport what the records say now.

All reports are one key: the records are read once for all of the same period. What follows is
written when it changed, and every `RESTATE_SECONDS` otherwise: each writing is itself a record of
the audit, which must not make the next report new.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import structlog

from idp.capabilities.compliance.catalogue import framework
from idp.capabilities.compliance.decide.controls import assess
from idp.capabilities.compliance.decide.evidence import evaluate
from idp.capabilities.compliance.facts import Facts
from idp.capabilities.compliance.gather import gather
from idp.capabilities.compliance.kinds import ComplianceReport, ComplianceReportStatus
from idp.capabilities.compliance.ports import Records
from idp.kernel.client import Client
from idp.kernel.clock import Clock, utc_now
from idp.kernel.conditions import false, true
from idp.kernel.controller import Controller, Request, Result, Watch
from idp.kernel.errors import Conflict, Invalid, NotFound
from idp.kernel.manifest import digest
from idp.kernel.resource import Condition, Manifest
from idp.kernel.status import dated, write_status

log = structlog.get_logger(__name__)

EVALUATE_SECONDS = 300.0
SETTLING_SECONDS = 20.0
"""After which the first evaluation is repeated: an instance that starts is not complete yet."""
RESTATE_SECONDS = 3600.0
_MOVING = "audit-chain"
"""Grows with every writing, also with that of a report."""

_ALL = Request("", "")


class _Evaluation(NamedTuple):
    """When a report was evaluated by this process, and for which spec."""

    generation: int
    time: datetime
    first: bool

    @property
    def lasts(self) -> float:
        return SETTLING_SECONDS if self.first else EVALUATE_SECONDS


class ReportReconciler:
    """Reconciles all ComplianceReports of an instance."""

    def __init__(
        self, client: Client, records: Records, environment: str, clock: Clock = utc_now
    ) -> None:
        self._client = client
        self._records = records
        self._environment = environment
        self._clock = clock
        self._evaluated: dict[str, _Evaluation] = {}

    def controller(self) -> Controller:
        """The controller; its only key stands for all reports."""
        watches = [Watch(ComplianceReport.type(), lambda _: [_ALL])]
        return Controller("compliance-reports", self._client, self, watches, workers=1)

    async def __call__(self, request: Request) -> Result:
        """Evaluate what is due."""
        now = self._clock()
        listed = (await self._client.list(ComplianceReport.type())).items
        due = [manifest for manifest in listed if self._is_due(manifest, now)]
        known: dict[int, Facts] = {}
        for manifest in due:
            await self._evaluate(manifest, now, known)
            meta = manifest["metadata"]
            before = self._evaluated.get(meta["name"])
            self._evaluated[meta["name"]] = _Evaluation(
                meta.get("generation", 0), now, first=before is None
            )
        seconds = [e.lasts for e in self._evaluated.values()]
        return Result(requeue_after=min(seconds)) if listed else Result()

    def _is_due(self, manifest: Manifest, now: datetime) -> bool:
        meta = manifest["metadata"]
        last = self._evaluated.get(meta["name"])
        if last is None or last.generation != meta.get("generation", 0):
            return True
        return (now - last.time).total_seconds() >= last.lasts - 1

    async def _evaluate(self, manifest: Manifest, now: datetime, known: dict[int, Facts]) -> None:
        try:
            report = ComplianceReport.parse(manifest)
            days = report.spec.period_days
            if days not in known:
                known[days] = await gather(
                    self._client, self._records, self._environment, now, days
                )
            status = self._status(report, known[days])
            status.conditions = dated(manifest, _ready(status), now)
        except Invalid as error:
            remedy = "Correct the fields that are named."
            condition = false("Ready", "Invalid", error.message, remedy=remedy)
            status = ComplianceReportStatus(conditions=dated(manifest, condition, now))
        if not _changed(manifest.get("status") or {}, status, now):
            return
        try:
            await write_status(self._client, ComplianceReport.type(), manifest, status)
        except (Conflict, NotFound):
            log.debug("the report changed meanwhile", report=manifest["metadata"]["name"])

    def _status(self, report: ComplianceReport, facts: Facts) -> ComplianceReportStatus:
        wanted, spec = framework(report.spec.framework), report.spec
        evidence = evaluate(facts, wanted.queries)
        assessed = assess(wanted, evidence, {e.control: e.reason for e in spec.exclusions})
        if assessed.unknown:
            raise Invalid(
                f"{wanted.title} has no controls {', '.join(assessed.unknown)}",
                remedy="`idp-cli compliance controls --framework soc2` lists them.",
            )
        told = [r.model_dump(mode="json") for r in (*evidence, *assessed.controls)]
        return ComplianceReportStatus(
            evaluated_at=facts.now.replace(microsecond=0),
            environment=self._environment,
            digest=digest(told),
            counts=assessed.counts,
            controls=assessed.controls,
            evidence=evidence,
        )


def _ready(status: ComplianceReportStatus) -> Condition:
    counts = status.counts
    said = (
        f"{counts.met} met, {counts.partly} partly, {counts.not_met} not met, "
        f"{counts.no_evidence} without evidence, {counts.not_applicable} not applicable"
    )
    return true("Ready", "Evaluated", said)


def _changed(known: Manifest, status: ComplianceReportStatus, now: datetime) -> bool:
    stated = ComplianceReportStatus.model_validate(known) if known else None
    if stated is None or stated.evaluated_at is None:
        return True
    old = (now - stated.evaluated_at).total_seconds() >= RESTATE_SECONDS
    return old or _content(stated) != _content(status)


def _content(status: ComplianceReportStatus) -> Any:
    """What people read, without what moves by itself."""
    evidence = [(e.name, e.state, "" if e.name == _MOVING else e.message) for e in status.evidence]
    conditions = [(c.type, c.status, c.message) for c in status.conditions]
    return evidence, [(c.id, c.state) for c in status.controls], conditions
