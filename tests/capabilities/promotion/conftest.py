"""One application at one environment, in memory, for tests of single steps and controllers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.capabilities.environments.kinds import IDPInstance, PromotionPipeline
from idp.capabilities.promotion.clients.argo_cd import ArgoCd
from idp.capabilities.promotion.environment import EnvironmentRepository
from idp.capabilities.promotion.kinds import PipelineStep, Promotion, Release, ReleaseSpec
from idp.capabilities.promotion.steps.pipeline import PipelineReader
from idp.capabilities.scanning.kinds import SecurityProfile
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest
from idp.kernel.step import Outcome, Step, StepRun
from idp.protocols.git.memory import MemoryRepository
from idp.protocols.oci.memory import MemoryRegistry
from support.keys import logged_key

NAMESPACE, APPLICATION = "demo", "hello"


class Bench:
    """Makes objects and calls steps."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.registry = MemoryRegistry()
        self.git = MemoryRepository()
        self.environment = EnvironmentRepository(self.git)
        self.argo_cd = ArgoCd(self.client, environment="uat", git_url="http://127.0.0.1:8600")
        self.reader = PipelineReader(self.client)
        self.key = logged_key("development")
        self.reports: list[str] = []
        self.status: dict[str, Any] = {"startedAt": "2026-11-24T10:00:00Z"}

    async def rules(self, *, profile: dict[str, Any] | None = None, **spec: Any) -> str:
        """State the rules; gives their policy version."""
        for type_, stated in (
            (PromotionPipeline.type(), spec),
            (SecurityProfile.type(), profile or {}),
        ):
            manifest = {"metadata": {"name": "default"}, "spec": stated}
            await self.client.apply(type_, manifest, field_manager="test")
        return (await self.reader.rules()).policy_version

    async def instance(self, environment: str = "uat", **spec: Any) -> None:
        """State what the instance is."""
        manifest = {
            "metadata": {"name": environment},
            "spec": {"environment": environment, **spec},
        }
        await self.client.apply(IDPInstance.type(), manifest, field_manager="test")

    def spec(self, count: int = 1, **changes: Any) -> dict[str, Any]:
        """A release's spec as JSON values."""
        commit = f"{count:040x}"
        return {
            "application": APPLICATION,
            "version": f"r{count}-{commit[:7]}",
            "digest": f"sha256:{count:064x}",
            "repository": f"{NAMESPACE}/{APPLICATION}",
            "image": f"127.0.0.1:8600/{NAMESPACE}/{APPLICATION}@sha256:{count + 1000:064x}",
            "source": {
                "repository": f"{NAMESPACE}/{APPLICATION}",
                "commit": commit,
                "count": count,
                "author": "ada",
                "time": "2026-11-24T00:00:00Z",
            },
            "applicationSpec": {"port": 8081},
            **changes,
        }

    async def release(self, count: int = 1, **changes: Any) -> Release:
        """A Release object named `r<count>`."""
        spec = self.spec(count, **changes)
        meta = {"name": f"r{count}", "namespace": NAMESPACE}
        manifest = {"metadata": meta, "spec": spec}
        return Release.parse(await self.client.create(Release.type(), manifest))

    def release_spec(self, count: int = 1, **changes: Any) -> ReleaseSpec:
        return ReleaseSpec.model_validate(self.spec(count, **changes))

    async def promotion(self, name: str = "p", **spec: Any) -> Manifest:
        spec = {"application": APPLICATION, "release": "r1", "initiator": "bob", **spec}
        meta = {"name": name, "namespace": NAMESPACE}
        return await self.client.create(Promotion.type(), {"metadata": meta, "spec": spec})

    async def done(self, uses: str, promotion: str = "p", **outputs: Any) -> str:
        """A step that succeeded; gives its name."""
        name = f"{promotion}-{uses}" if promotion else uses
        spec: dict[str, Any] = {"uses": uses, "promotion": promotion}
        status = {"phase": "Succeeded", "outputs": outputs}
        meta = {"name": name, "namespace": NAMESPACE}
        body = {"metadata": meta, "spec": spec, "status": status}
        await self.client.create(PipelineStep.type(), body)
        return name

    async def perform(self, step: Step, promotion: str = "p", **parameters: Any) -> Outcome:
        """Call a step with parameters as a template would give them."""

        async def report(message: str) -> None:
            self.reports.append(message)

        manifest: Manifest = {
            "metadata": {"name": f"{promotion}-{step.uses}", "namespace": NAMESPACE, "uid": "s-1"},
            "spec": {"uses": step.uses, "promotion": promotion, "with": parameters},
            "status": self.status,
        }
        run = StepRun(manifest, NAMESPACE, manifest["metadata"]["name"], "s-1", report)
        return await step.perform(run, step.parameters.model_validate(parameters))


@pytest.fixture
def bench() -> Any:
    return Bench()


@pytest.fixture
def new_bench() -> Callable[[], Any]:
    return Bench
