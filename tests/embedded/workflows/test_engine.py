"""The engine as it runs in an instance: by watches alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.embedded.workflows.definitions import custom_resource_definitions
from idp.embedded.workflows.engine import WorkflowEngine, merge_patch
from idp.kernel.memory_client import MemoryClient, merge
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CLUSTER_WORKFLOW_TEMPLATE, CUSTOM_RESOURCE_DEFINITION, WORKFLOW

Bench = Any

TEMPLATE = """
apiVersion: argoproj.io/v1alpha1
kind: ClusterWorkflowTemplate
metadata: {name: push}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: build, template: step, arguments: {parameters: [{name: uses, value: build}]}}
      - name: scan
        depends: build
        template: step
        arguments: {parameters: [{name: uses, value: scan}]}
  - name: step
    inputs: {parameters: [{name: uses}]}
    resource:
      action: create
      successCondition: status.phase == Succeeded
      failureCondition: status.phase == Failed
      manifest: |
        apiVersion: platform.idp/v1alpha1
        kind: PipelineStep
        metadata: {name: "{{workflow.name}}-{{inputs.parameters.uses}}"}
        spec: {uses: "{{inputs.parameters.uses}}"}
"""


@asynccontextmanager
async def running(engine: WorkflowEngine) -> AsyncIterator[None]:
    task = asyncio.create_task(engine.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(client: MemoryClient, type: ResourceType, name: str, phase: str) -> None:
    """Wait until an object is in a phase; the empty phase is that of an object just created."""
    listed = await client.list(type, "demo")
    seen = [m for m in listed.items if m["metadata"]["name"] == name]
    if not any((m.get("status") or {}).get("phase", "") == phase for m in seen):
        async for event in client.watch(type, "demo", resource_version=listed.resource_version):
            status = event.object.get("status") or {}
            if event.object["metadata"]["name"] == name and status.get("phase", "") == phase:
                return


async def test_changes_of_created_objects_wake_the_workflow(
    bench: Bench, step_type: ResourceType
) -> None:
    client = bench.client
    await client.create(CLUSTER_WORKFLOW_TEMPLATE, yaml.safe_load(TEMPLATE))
    async with running(WorkflowEngine(client)):
        await client.create(
            WORKFLOW,
            {
                "metadata": {"name": "push-1", "namespace": "demo"},
                "spec": {"workflowTemplateRef": {"name": "push", "clusterScope": True}},
            },
        )
        await until(client, step_type, "push-1-build", "")
        await bench.end_step("push-1-build")
        await until(client, step_type, "push-1-scan", "")
    async with running(WorkflowEngine(client)):  # a restart in between
        await bench.end_step("push-1-scan")
        await until(client, WORKFLOW, "push-1", "Succeeded")


def test_the_definitions_have_argos_names() -> None:
    names = [d["metadata"]["name"] for d in custom_resource_definitions()]
    assert names == [
        "workflows.argoproj.io",
        "workflowtemplates.argoproj.io",
        "clusterworkflowtemplates.argoproj.io",
    ]


def test_nobody_brings_a_status_along() -> None:
    version = custom_resource_definitions()[0]["spec"]["versions"][0]
    assert version["subresources"] == {"status": {}}


async def test_the_catalog_finds_kinds_by_their_definitions(bench: Bench) -> None:
    for definition in custom_resource_definitions():
        await bench.client.create(CUSTOM_RESOURCE_DEFINITION, definition)
    found = await bench.engine._kinds.find("argoproj.io/v1alpha1", "ClusterWorkflowTemplate")
    assert found == CLUSTER_WORKFLOW_TEMPLATE


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcd"), VALUES),
    st.dictionaries(st.sampled_from("abcd"), VALUES),
)
def test_the_patch_makes_the_one_of_the_other(before: Manifest, after: Manifest) -> None:
    assert merge(before, merge_patch(before, after)) == after
