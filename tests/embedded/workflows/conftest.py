"""A bench: the engine, an in-memory API, a clock that tests move, and pods that end as told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from idp.embedded.workflows.engine import WorkflowEngine
from idp.kernel.controller import Request, Result
from idp.kernel.memory_client import MemoryClient
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import (
    CLUSTER_WORKFLOW_TEMPLATE,
    CUSTOM_RESOURCE_DEFINITION,
    POD,
    WORKFLOW,
    WORKFLOW_TEMPLATE,
)

STEP = ResourceType("platform.idp", "v1alpha1", "PipelineStep", "pipelinesteps")
STEP_DEFINITION: Manifest = {
    "metadata": {"name": "pipelinesteps.platform.idp"},
    "spec": {
        "group": "platform.idp",
        "scope": "Namespaced",
        "names": {"kind": "PipelineStep", "plural": "pipelinesteps"},
        "versions": [{"name": "v1alpha1", "served": True}],
    },
}

Ends = Callable[[Manifest], str]


class Bench:
    """Drives one workflow by hand, so that tests need neither tasks nor sleeps."""

    def __init__(self, client: MemoryClient) -> None:
        self.client = client
        self.now = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
        self.engine = self.new_engine()
        self.name = ""
        self.result = Result()

    def new_engine(self) -> WorkflowEngine:
        """An engine that knows nothing, as after a restart."""
        return WorkflowEngine(self.client, clock=lambda: self.now)

    async def submit(self, text: str, **metadata: Any) -> None:
        """Create a Workflow (or a template) from YAML."""
        manifest = yaml.safe_load(text)
        types = {t.kind: t for t in (WORKFLOW, WORKFLOW_TEMPLATE, CLUSTER_WORKFLOW_TEMPLATE)}
        resource_type = types[manifest["kind"]]
        manifest["metadata"] |= metadata
        if resource_type.namespaced:
            manifest["metadata"].setdefault("namespace", "demo")
        if "generateName" in manifest["metadata"]:
            manifest["metadata"]["name"] = manifest["metadata"].pop("generateName") + "x7k2p"
        created = await self.client.create(resource_type, manifest)
        if resource_type == WORKFLOW:
            self.name = created["metadata"]["name"]
            moment = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
            await self.patch({"metadata": {"creationTimestamp": moment}})

    async def patch(self, patch: Manifest) -> None:
        await self.client.patch(WORKFLOW, self.name, patch, "demo")

    async def settle(self) -> Manifest:
        """Reconcile until nothing changes and nothing is due."""
        for _ in range(50):
            before = (await self.client.list(WORKFLOW)).resource_version
            self.result = await self.engine.reconcile(Request("demo", self.name))
            after = (await self.client.list(WORKFLOW)).resource_version
            if before == after and (self.result.requeue_after or 1) > 0.05:
                return await self.workflow()
        raise AssertionError("the workflow does not settle")

    async def workflow(self) -> Manifest:
        return await self.client.get(WORKFLOW, self.name, "demo")

    async def pods(self) -> list[Manifest]:
        return (await self.client.list(POD)).items

    async def end_pods(self, ends: Ends = lambda pod: "Succeeded") -> int:
        """End every pod that runs; returns how many."""
        running = [pod for pod in await self.pods() if not pod.get("status")]
        for pod in running:
            phase = ends(pod)
            terminated: Manifest = {"exitCode": 0 if phase == "Succeeded" else 1}
            status = {
                "phase": phase,
                "containerStatuses": [{"name": "main", "state": {"terminated": terminated}}],
            }
            await self.client.patch(POD, pod["metadata"]["name"], {"status": status}, "demo")
        return len(running)

    async def run(self, ends: Ends = lambda pod: "Succeeded") -> Manifest:
        """Run to where no pod is left to end."""
        workflow = await self.settle()
        while await self.end_pods(ends):
            workflow = await self.settle()
        return workflow

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def steps(self) -> dict[str, Manifest]:
        """The PipelineSteps by name."""
        listed = await self.client.list(STEP)
        return {m["metadata"]["name"]: m for m in listed.items}

    async def end_step(self, name: str, phase: str = "Succeeded", **status: Any) -> None:
        await self.client.patch(STEP, name, {"status": {"phase": phase, **status}}, "demo")

    async def phases(self) -> dict[str, str]:
        """Phase of each node by display name."""
        status = (await self.workflow())["status"]
        return {n["displayName"]: n["phase"] for n in status["nodes"].values()}

    async def node(self, display_name: str) -> Manifest:
        status = (await self.workflow())["status"]
        found = [n for n in status["nodes"].values() if n["displayName"] == display_name]
        assert len(found) == 1, f"{len(found)} nodes are named {display_name}"
        node: Manifest = found[0]
        return node


@pytest.fixture
async def bench() -> Bench:
    client = MemoryClient()
    await client.create(CUSTOM_RESOURCE_DEFINITION, STEP_DEFINITION)
    return Bench(client)


@pytest.fixture(scope="session")
def new_bench() -> Callable[[MemoryClient], Bench]:
    """For tests that make many benches, each on a client of its own."""
    return Bench


@pytest.fixture
def step_type() -> ResourceType:
    return STEP
