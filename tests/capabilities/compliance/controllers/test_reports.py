"""What an instance states in its reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idp.capabilities.compliance.controllers.reports import ReportReconciler
from idp.capabilities.compliance.kinds import ComplianceReport
from idp.capabilities.compliance.render import reports
from idp.kernel.controller import Request
from idp.kernel.memory_client import MemoryClient
from support.records import FixedRecords

NOW = datetime(2026, 11, 25, tzinfo=UTC)
REPORT = ComplianceReport.type()


class Instance:
    """An instance at a time that the test sets."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.records = FixedRecords()
        self.now = NOW
        self.reconcile = ReportReconciler(self.client, self.records, "production", lambda: self.now)

    async def create(self, name: str, **spec: Any) -> None:
        await self.client.create(REPORT, {"metadata": {"name": name}, "spec": spec})

    async def stated(self, name: str) -> dict[str, Any]:
        await self.reconcile(Request("", ""))
        status: dict[str, Any] = (await self.client.get(REPORT, name)).get("status") or {}
        return status

    async def version(self, name: str) -> str:
        await self.reconcile(Request("", ""))
        return str((await self.client.get(REPORT, name))["metadata"]["resourceVersion"])


@pytest.fixture
def instance() -> Instance:
    return Instance()


async def test_every_framework_has_a_report_from_one_reading(instance: Instance) -> None:
    for manifest in reports():
        await instance.client.create(REPORT, manifest)
    status = await instance.stated("soc2")
    assert instance.records.asked == 1
    assert sum(status["counts"].values()) == len(status["controls"]) == 61
    assert status["digest"].startswith("sha256:")
    chain = next(e for e in status["evidence"] if e["name"] == "audit-chain")
    assert chain["records"][0]["path"] == "/api/v1/audit/production?before=2&limit=1"
    assert len((await instance.stated("iso27001"))["controls"]) == 93


async def test_what_did_not_change_is_not_written_again_until_it_is_old(instance: Instance) -> None:
    await instance.create("soc2", framework="soc2")
    first = await instance.version("soc2")
    instance.now += timedelta(minutes=10)
    assert await instance.version("soc2") == first
    assert instance.records.asked == 2
    instance.now += timedelta(hours=1)
    assert await instance.version("soc2") != first


async def test_an_instance_that_starts_is_looked_at_again_soon(instance: Instance) -> None:
    await instance.create("soc2", framework="soc2")
    first = await instance.reconcile(Request("", ""))
    instance.now += timedelta(seconds=20)
    second = await instance.reconcile(Request("", ""))
    assert (first.requeue_after, second.requeue_after) == (20.0, 300.0)
    assert instance.records.asked == 2
    instance.now += timedelta(seconds=20)
    await instance.reconcile(Request("", ""))
    assert instance.records.asked == 2


async def test_a_new_gap_is_written_at_the_next_evaluation(instance: Instance) -> None:
    await instance.create("soc2", framework="soc2")
    await instance.stated("soc2")
    instance.records.late = 1
    instance.now += timedelta(minutes=5)
    status = await instance.stated("soc2")
    due = next(e for e in status["evidence"] if e["name"] == "findings-due")
    assert (due["state"], status["evaluatedAt"]) == ("notMet", "2026-11-25T00:05:00Z")


async def test_an_exclusion_of_no_control_is_refused_by_name(instance: Instance) -> None:
    await instance.create("soc2", framework="soc2", exclusions=[{"control": "Z1", "reason": "r"}])
    (ready,) = (await instance.stated("soc2"))["conditions"]
    assert (ready["status"], "Z1" in ready["message"]) == ("False", True)


async def test_an_excluded_control_does_not_apply(instance: Instance) -> None:
    exclusions = [{"control": "P1.1", "reason": "no personal information"}]
    await instance.create("soc2", framework="soc2", exclusions=exclusions)
    status = await instance.stated("soc2")
    control = next(c for c in status["controls"] if c["id"] == "P1.1")
    assert control["state"] == "notApplicable"
    assert "no personal information" in control["gap"]
