"""A branch is built and compared before it may be merged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.promotion.kinds import PipelineStep
from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.controllers.remediations import RemediationReconciler
from idp.capabilities.scanning.history.ingest import Scan, ingest
from idp.capabilities.scanning.history.queries import Filter, list_findings
from idp.capabilities.scanning.kinds import DueDays, Remediation
from idp.capabilities.scanning.reports import Finding, ScannerReport, complete
from idp.capabilities.scanning.subjects import Subject
from idp.kernel.controller import Request
from idp.kernel.database import open_database
from idp.kernel.errors import Unavailable
from idp.kernel.memory_client import MemoryClient

KIND, STEP = Remediation.type(), PipelineStep.type()
BAD = Finding(id="CVE-1", package="flask", version="1.0", severity=9.8)


class Instance:
    """The environment that builds."""

    def __init__(self, folder: Path) -> None:
        self.client = MemoryClient()
        self.database = open_database(f"sqlite:///{folder}/history.db", CAPABILITY.migrations)
        self.found: list[Finding] = []
        self.error: Exception | None = None
        self.examined: list[Subject] = []
        scan = Scan("s", "demo", "hello", "sha256:1", "2026-11-01T00:00:00Z", "ada", DueDays())
        ingest(self.database, scan, [complete("dependencies", "1", [BAD])])

    async def examine(self, subject: Subject) -> ScannerReport:
        self.examined.append(subject)
        if self.error is not None:
            raise self.error
        return complete("dependencies", "1", self.found)

    async def ask(self) -> None:
        spec = {
            "application": "hello",
            "package": "flask",
            "version": "1.5",
            "findings": ["CVE-1"],
            "branch": "fix/flask-1.5",
            "commit": "c" * 40,
            "author": "ada",
        }
        meta = {"name": "r", "namespace": "demo"}
        await self.client.create(KIND, {"metadata": meta, "spec": spec})

    async def reconcile(self) -> tuple[str, str]:
        await RemediationReconciler(self.client, self.database, self.examine)(Request("demo", "r"))
        status = (await self.client.get(KIND, "r", "demo"))["status"]
        return status["phase"], status["message"]

    async def built(self, phase: str = "Succeeded", **status: Any) -> None:
        step = await self.client.get(STEP, "r-build", "demo")
        outputs = {"repository": "demo/hello", "digest": "sha256:" + "d" * 64}
        step["status"] = {"phase": phase, "outputs": outputs, **status}
        await self.client.update(STEP, step, subresource="status")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    instance = Instance(tmp_path)
    yield instance
    instance.database.dispose()


async def test_the_commit_is_built_once_and_nothing_is_released(instance: Instance) -> None:
    await instance.ask()
    assert (await instance.reconcile())[0] == "Testing"
    await instance.reconcile()
    (step,) = (await instance.client.list(STEP, "demo")).items
    assert step["spec"]["uses"] == "build"
    assert step["spec"]["with"]["repository"] == "demo/hello"
    assert step["spec"]["with"]["revision"] == "c" * 40
    assert step["metadata"]["ownerReferences"][0]["kind"] == "Remediation"


async def test_what_helps_is_tested_and_the_history_does_not_learn_of_it(
    instance: Instance,
) -> None:
    await instance.ask()
    await instance.reconcile()
    await instance.built()
    assert await instance.reconcile() == ("Tested", "CVE-1 is gone with flask 1.5")
    assert instance.examined[0].digest == "sha256:" + "d" * 64
    (stored,) = list_findings(instance.database, Filter(), "2026-11-25T00:00:00Z")
    assert stored.state == "open"
    await instance.reconcile()
    assert len(instance.examined) == 1


async def test_what_does_not_help_fails_and_says_why(instance: Instance) -> None:
    await instance.ask()
    await instance.reconcile()
    await instance.built()
    instance.found = [BAD]
    phase, message = await instance.reconcile()
    assert (phase, "CVE-1 is still there" in message) == ("Failed", True)


async def test_what_does_not_build_fails(instance: Instance) -> None:
    await instance.ask()
    await instance.reconcile()
    await instance.built("Failed", message="no wheel of flask 1.5")
    assert await instance.reconcile() == ("Failed", "it does not build: no wheel of flask 1.5")
    assert instance.examined == []


async def test_a_registry_that_is_silent_is_asked_again(instance: Instance) -> None:
    await instance.ask()
    await instance.reconcile()
    await instance.built()
    instance.error = Unavailable("the registry does not answer")
    with pytest.raises(Unavailable):
        await instance.reconcile()
    instance.error = None
    assert (await instance.reconcile())[0] == "Tested"
