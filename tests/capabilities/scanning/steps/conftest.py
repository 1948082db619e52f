from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp.capabilities.promotion.kinds import PipelineStep, Release
from idp.capabilities.scanning.advisories import AdvisoryDatabase
from idp.capabilities.scanning.capability import CAPABILITY
from idp.capabilities.scanning.history.queries import Filter, StoredFinding, list_findings
from idp.capabilities.scanning.kinds import SecurityProfile
from idp.capabilities.scanning.reports import ScannerReport, complete
from idp.capabilities.scanning.scanners.dependencies import Dependencies
from idp.capabilities.scanning.scanners.ports import Target
from idp.capabilities.scanning.steps.sbom import SbomStep
from idp.capabilities.scanning.steps.scan import ScanStep
from idp.capabilities.scanning.workspace import Workspace
from idp.capabilities.signing.kinds import InstanceTrust
from idp.kernel.capability import Signer
from idp.kernel.database import open_database
from idp.kernel.memory_client import MemoryClient
from idp.kernel.step import Outcome, Step, StepRun
from support.keys import logged_key

CREATED = "2026-11-24T10:00:00Z"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class FakeScanner:
    """Answers with what it was given, and remembers which files it saw."""

    name = "bandit"
    covers = "sources"

    def __init__(self) -> None:
        self.answer: ScannerReport | Exception = complete("bandit", "1", [])
        self.saw: dict[str, bytes] = {}

    async def run(self, target: Target) -> ScannerReport:
        sources = target.require_sources()
        self.saw = {
            path.relative_to(sources).as_posix(): path.read_bytes()
            for path in sources.rglob("*")
            if path.is_file()
        }
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Pipeline:
    """The steps of scanning in one instance, with everything they need."""

    def __init__(
        self, images: Any, advisories: AdvisoryDatabase, database: Any, workspace: Workspace
    ) -> None:
        self.images = images
        self.registry = images.registry
        self.client = MemoryClient()
        self.key: Signer = logged_key("development")
        self.trust = InstanceTrust(self.client, {"development": self.key.public_key})
        self.scanner = FakeScanner()
        self.advisories = advisories
        self.database = database
        self.workspace = workspace
        self.digest = ""

    def sbom(self) -> SbomStep:
        return SbomStep(
            client=self.client,
            registry=self.registry,
            signer=self.key,
            workspace=self.workspace,
        )

    def scan(self, signer: Signer | None = None, environment: str = "development") -> ScanStep:
        return ScanStep(
            client=self.client,
            registry=self.registry,
            signer=signer or self.key,
            trust=self.trust,
            origin="development",
            scanners=[self.scanner],
            dependencies=Dependencies(self.advisories, 7, lambda: NOW),
            database=self.database,
            workspace=self.workspace,
            policy="test",
            environment=environment,
            clock=lambda: NOW,
        )

    async def build(self, files: dict[str, bytes], **changes: Any) -> None:
        """An image, and the finished step that built it."""
        self.digest = await self.images.push(self.images.layer_of(files))
        outputs = {"repository": "demo/hello", "digest": self.digest, **changes}
        step = {
            "metadata": {"name": "push-1-build", "namespace": "demo"},
            "spec": {"uses": "build", "with": {"author": "maya"}},
        }
        created = await self.client.create(PipelineStep.type(), step)
        status = {"phase": "Succeeded", "outputs": outputs}
        await self.client.update(
            PipelineStep.type(), {**created, "status": status}, subresource="status"
        )

    async def release(self) -> None:
        """A release of that image."""
        image = f"127.0.0.1:8600/demo/hello@{self.digest}"
        source = {
            "repository": "demo/hello",
            "commit": "a" * 40,
            "count": 1,
            "author": "maya",
            "time": CREATED,
        }
        spec = {
            "application": "hello",
            "version": "r1-aaaaaaa",
            "digest": "sha256:" + "ee" * 32,
            "repository": "demo/hello",
            "image": image,
            "source": source,
        }
        metadata = {"name": "hello-r1-aaaaaaa", "namespace": "demo"}
        await self.client.create(Release.type(), {"metadata": metadata, "spec": spec})

    async def perform(self, step: Step, uid: str = "u1", **parameters: str) -> Outcome:
        async def report(_: str) -> None:
            return None

        manifest = {"metadata": {"name": "x", "creationTimestamp": CREATED}}
        run = StepRun(manifest, "demo", "x", uid, report)
        return await step.perform(run, step.parameters(**parameters))

    async def push(self) -> Outcome:
        """The steps of a push that belong here; the outcome of `scan`."""
        await self.profile()
        await self.perform(self.sbom(), build="push-1-build")
        return await self.perform(self.scan(), build="push-1-build")

    def findings(self) -> list[StoredFinding]:
        """What the history knows."""
        return list_findings(self.database, Filter("demo", "hello"), CREATED)

    async def profile(self, **tools: str) -> None:
        """State which scanners run."""
        body = {"metadata": {"name": "default"}, "spec": {"tools": tools}}
        await self.client.apply(SecurityProfile.type(), body, field_manager="test")

    async def promote(self, **tools: str) -> Outcome:
        """The scan of a promotion, in another instance."""
        await self.profile(**tools)
        step = self.scan(logged_key("staging"), "staging")
        return await self.perform(step, "u2", release="hello-r1-aaaaaaa")


@pytest.fixture
def pipeline(
    images: Any, advisories: AdvisoryDatabase, workspace: Workspace, tmp_path: Path
) -> Iterator[Pipeline]:
    database = open_database(f"sqlite:///{tmp_path}/history.db", CAPABILITY.migrations)
    yield Pipeline(images, advisories, database, workspace)
    database.dispose()
