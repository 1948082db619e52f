from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.controllers.overdue import LONGEST_SLEEP, OverdueReconciler
from idp.capabilities.scanning.controllers.profiles import ProfileReconciler
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.kinds import DueDays, SecurityProfile
from idp.capabilities.scanning.reports import Finding, complete
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request, Result
from idp.kernel.database import open_database
from idp.kernel.memory_client import MemoryClient
from idp.kernel.standard import EVENT, NAMESPACE

SEEN = datetime(2026, 11, 1, tzinfo=UTC)
FINDINGS = [
    Finding(id="CVE-1", package="flask", severity=9.8),
    Finding(id="CVE-2", package="click", severity=7.5),
]


class Instance:
    """An instance that scanned once, at a time that the test sets."""

    def __init__(self, database: sqlalchemy.Engine) -> None:
        self.client = MemoryClient()
        self.database = database
        self.now = SEEN

    async def reconcile(self) -> Result:
        reconciler = OverdueReconciler(self.client, self.database, lambda: self.now)
        return await reconciler(Request("", "default"))

    async def condition(self) -> dict[str, Any]:
        await self.reconcile()
        profile = await self.client.get(SecurityProfile.type(), "default")
        return condition_of(profile, "FindingsInTime") or {}

    async def events(self) -> list[str]:
        listed = await self.client.list(EVENT, "demo")
        return [event["message"] for event in listed.items]


@pytest.fixture
async def instance(tmp_path: Path) -> Any:
    engine = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    scan = Scan("s", "demo", "hello", "sha256:1", "2026-11-01T00:00:00Z", "ada", DueDays())
    ingest(engine, scan, [complete("dependencies", "1", FINDINGS)])
    instance = Instance(engine)
    await instance.client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    await instance.client.create(
        SecurityProfile.type(), {"metadata": {"name": "default"}, "spec": {}}
    )
    yield instance
    engine.dispose()


async def test_findings_in_time_are_said_to_be(instance: Instance) -> None:
    assert (await instance.condition())["status"] == "True"
    assert await instance.events() == []
    assert (await instance.reconcile()).requeue_after == LONGEST_SLEEP


async def test_a_delay_is_a_condition_and_told_once(instance: Instance) -> None:
    instance.now = SEEN + timedelta(days=8)
    condition = await instance.condition()
    assert (condition["status"], condition["reason"]) == ("False", "Overdue")
    assert "demo/hello (1 finding is late since 2026-11-08" in condition["message"]
    await instance.reconcile()
    (told,) = await instance.events()
    assert "1 finding is late" in told
    assert "of ada." in told
    assert "--overdue" in told


async def test_another_date_that_passes_is_told_anew(instance: Instance) -> None:
    for days in (8, 40):
        instance.now = SEEN + timedelta(days=days)
        await instance.reconcile()
    assert len(await instance.events()) == 2


async def test_it_looks_again_when_the_next_date_passes(instance: Instance) -> None:
    instance.now = SEEN + timedelta(days=7) - timedelta(seconds=30)
    assert (await instance.reconcile()).requeue_after == 31.0


async def test_the_profiles_own_condition_stays(instance: Instance) -> None:
    profile = ProfileReconciler(instance.client, "production", lambda: instance.now)
    await profile(Request("", "default"))
    await instance.reconcile()
    await profile(Request("", "default"))
    stated = await instance.client.get(SecurityProfile.type(), "default")
    assert {c["type"] for c in stated["status"]["conditions"]} == {"Ready", "FindingsInTime"}
    assert stated["status"]["version"]
