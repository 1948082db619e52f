from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.controllers.exceptions import LONGEST_SLEEP, ExceptionReconciler
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.history.queries import Filter, list_findings
from idp.capabilities.scanning.kinds import DueDays, VulnerabilityException
from idp.capabilities.scanning.reports import Finding, complete
from idp.kernel.controller import Request
from idp.kernel.database import open_database
from idp.kernel.memory_client import MemoryClient

NOW = datetime(2026, 11, 25, tzinfo=UTC)
FINDING = Finding(id="CVE-2026-1", package="flask", severity=9.8)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlalchemy.Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    scan = Scan("s", "demo", "hello", "sha256:1", "2026-11-24T00:00:00Z", "ada", DueDays())
    ingest(engine, scan, [complete("dependencies", "1", [FINDING])])
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("spec", "phase", "said", "findings", "state"),
    [
        ({"approver": "grace"}, "Active", "approved by grace", 1, "accepted"),
        ({}, "Waiting", "nobody approved it yet", 0, "open"),
        (
            {"approver": "grace", "expires": "2026-11-24T00:00:00Z"},
            "Expired",
            "it has expired",
            0,
            "open",
        ),
    ],
)
async def test_how_an_exception_stands(
    database: sqlalchemy.Engine,
    spec: dict[str, Any],
    phase: str,
    said: str,
    findings: int,
    state: str,
) -> None:
    client = MemoryClient()
    body = {
        "finding": "CVE-2026-1",
        "reason": "not reachable",
        "author": "ada",
        "expires": "2026-11-25T00:30:00Z",
        **spec,
    }
    meta = {"name": "e", "namespace": "demo"}
    await client.create(VulnerabilityException.type(), {"metadata": meta, "spec": body})
    reconciler = ExceptionReconciler(client, database, lambda: NOW)
    result = await reconciler(Request("demo", ""))
    status = (await client.get(VulnerabilityException.type(), "e", "demo"))["status"]
    assert (status["phase"], status["findings"]) == (phase, findings)
    (condition,) = status["conditions"]
    assert said in condition["message"]
    assert bool(condition.get("remedy")) == (phase != "Active")
    (stored,) = list_findings(database, Filter(), "2026-11-25T00:00:00Z")
    assert stored.state == state
    expected = None if phase == "Expired" else 1800.1
    assert result.requeue_after == expected
    assert LONGEST_SLEEP > 1800


async def test_a_deleted_exception_opens_the_finding_again(database: sqlalchemy.Engine) -> None:
    client = MemoryClient()
    spec = {
        "finding": "CVE-2026-1",
        "reason": "r",
        "author": "ada",
        "approver": "grace",
        "expires": "2027-01-01T00:00:00Z",
    }
    meta = {"name": "e", "namespace": "demo"}
    await client.create(VulnerabilityException.type(), {"metadata": meta, "spec": spec})
    reconciler = ExceptionReconciler(client, database, lambda: NOW)
    await reconciler(Request("demo", ""))
    await client.delete(VulnerabilityException.type(), "e", "demo")
    await reconciler(Request("demo", ""))
    (stored,) = list_findings(database, Filter(), "2026-11-25T00:00:00Z")
    assert (stored.state, stored.exception) == ("open", "")
