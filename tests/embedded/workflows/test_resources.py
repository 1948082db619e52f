"""Resource templates: create an object, wait for its conditions, read its outputs."""

from __future__ import annotations

from typing import Any

import pytest

from idp.kernel.controller import Request
from idp.kernel.errors import Forbidden
from idp.kernel.resource import Manifest, ResourceType
from idp.kernel.standard import CONFIG_MAP, WORKFLOW

Bench = Any

PIPELINE = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: push-1}
spec:
  entrypoint: main
  arguments: {parameters: [{name: commit, value: abc}]}
  templates:
  - name: main
    dag:
      tasks:
      - name: build
        template: step
        arguments: {parameters: [{name: uses, value: build}, {name: with, value: "{{workflow.parameters.commit}}"}]}
      - name: scan
        depends: build
        template: step
        arguments: {parameters: [{name: uses, value: scan}, {name: with, value: "{{tasks.build.outputs.parameters.digest}}"}]}
  - name: step
    inputs: {parameters: [{name: uses}, {name: with}]}
    outputs: {parameters: [{name: digest, valueFrom: {jsonPath: "{.status.outputs.digest}", default: none}}]}
    resource:
      action: create
      setOwnerReference: true
      successCondition: status.phase == Succeeded
      failureCondition: status.phase == Failed
      manifest: |
        apiVersion: platform.idp/v1alpha1
        kind: PipelineStep
        metadata:
          name: "{{workflow.name}}-{{inputs.parameters.uses}}"
        spec:
          uses: "{{inputs.parameters.uses}}"
          with:
            value: "{{inputs.parameters.with}}"
"""  # noqa: E501


async def test_a_step_object_is_created_awaited_and_read(bench: Bench) -> None:
    await bench.submit(PIPELINE)
    workflow = await bench.settle()
    steps = await bench.steps()
    assert list(steps) == ["push-1-build"]
    step = steps["push-1-build"]
    assert step["spec"] == {"uses": "build", "with": {"value": "abc"}}
    assert step["metadata"]["labels"]["workflows.argoproj.io/workflow"] == "push-1"
    assert step["metadata"]["ownerReferences"][0]["uid"] == workflow["metadata"]["uid"]
    await bench.end_step("push-1-build", outputs={"digest": "sha256:1"})
    await bench.settle()
    assert (await bench.steps())["push-1-scan"]["spec"]["with"] == {"value": "sha256:1"}
    await bench.end_step("push-1-scan")
    assert (await bench.settle())["status"]["phase"] == "Succeeded"


async def test_a_failed_step_object_fails_the_node_with_its_words(bench: Bench) -> None:
    await bench.submit(PIPELINE)
    await bench.settle()
    await bench.end_step("push-1-build", "Failed", message="no lock file")
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "status.phase == Failed' is met: no lock file" in workflow["status"]["message"]


async def test_what_is_waited_for_is_said(bench: Bench) -> None:
    await bench.submit(PIPELINE)
    await bench.settle()
    await bench.end_step("push-1-build", "Running", message="resolving packages")
    await bench.settle()
    message = (await bench.node("build"))["message"]
    assert message == "waits for 'status.phase == Succeeded': resolving packages"


async def test_a_deleted_object_fails_the_node(bench: Bench, step_type: ResourceType) -> None:
    await bench.submit(PIPELINE)
    await bench.settle()
    await bench.client.delete(step_type, "push-1-build", "demo")
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "push-1-build does not exist, or was deleted" in workflow["status"]["message"]


async def test_an_object_of_somebody_else_is_not_taken_over(
    bench: Bench, step_type: ResourceType
) -> None:
    await bench.client.create(
        step_type, {"metadata": {"name": "push-1-build", "namespace": "demo"}, "spec": {"mine": 1}}
    )
    await bench.submit(PIPELINE)
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "exists already and is not this node's" in workflow["status"]["message"]
    assert (await bench.steps())["push-1-build"]["spec"] == {"mine": 1}


async def test_a_retry_replaces_the_object_of_the_failed_attempt(bench: Bench) -> None:
    retried = PIPELINE.replace(
        "  - name: step\n", '  - name: step\n    retryStrategy: {limit: "1"}\n'
    )
    await bench.submit(retried)
    await bench.settle()
    first = (await bench.steps())["push-1-build"]
    await bench.end_step("push-1-build", "Failed")
    await bench.settle()
    second = (await bench.steps())["push-1-build"]
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    await bench.end_step("push-1-build", outputs={"digest": "d"})
    await bench.settle()
    assert (await bench.phases())["build"] == "Succeeded"


async def test_a_retry_waits_while_the_former_object_is_being_deleted(
    bench: Bench, step_type: ResourceType
) -> None:
    retried = PIPELINE.replace(
        "  - name: step\n", '  - name: step\n    retryStrategy: {limit: "1"}\n'
    )
    await bench.submit(retried)
    await bench.settle()
    held = {"metadata": {"finalizers": ["platform.idp/hold"]}, "status": {"phase": "Failed"}}
    await bench.client.patch(step_type, "push-1-build", held, "demo")
    await bench.settle()
    assert bench.result.requeue_after == 5
    release = {"metadata": {"finalizers": None}}
    await bench.client.patch(step_type, "push-1-build", release, "demo")
    await bench.settle()
    assert "status" not in (await bench.steps())["push-1-build"]


async def test_the_service_account_acts_and_its_refusal_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    class Nobody:
        async def create(self, type: ResourceType, manifest: Manifest) -> Manifest:
            raise Forbidden("default may not create pipelinesteps")

        async def get(self, *arguments: Any) -> Manifest:
            raise Forbidden("default may not get pipelinesteps")

    def impersonating(user: str, groups: Any = ()) -> Nobody:
        asked.append((user, tuple(groups)))
        return Nobody()

    monkeypatch.setattr(bench.client, "impersonating", impersonating)
    await bench.submit(PIPELINE)
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "default may not create pipelinesteps" in workflow["status"]["message"]
    user, groups = asked[0]
    assert user == "system:serviceaccount:demo:default"
    assert "system:serviceaccounts:demo" in groups


async def test_a_kind_that_the_api_has_not_is_named(bench: Bench) -> None:
    await bench.submit(PIPELINE.replace("kind: PipelineStep", "kind: Spaceship"))
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "no kind Spaceship" in workflow["status"]["message"]


def single(resource: str) -> str:
    return (
        """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: one}
spec:
  entrypoint: main
  arguments: {parameters: [{name: value, value: "1"}]}
  templates:
  - name: main
    outputs: {parameters: [{name: value, valueFrom: {jsonPath: "{.data.value}", default: none}}]}
    resource:
"""
        + resource
    )


MANIFEST = """
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {value: "{{workflow.parameters.value}}"}
"""


async def put_settings(bench: Bench, **data: str) -> None:
    metadata = {"name": "settings", "namespace": "demo"}
    await bench.client.create(CONFIG_MAP, {"metadata": metadata, "data": data})


async def settings(bench: Bench) -> Manifest:
    found: Manifest = await bench.client.get(CONFIG_MAP, "settings", "demo")
    return found


async def test_apply_states_fields_of_an_existing_object(bench: Bench) -> None:
    await put_settings(bench, value="0", other="x")
    await bench.submit(single("      action: apply" + MANIFEST))
    assert (await bench.settle())["status"]["phase"] == "Succeeded"
    assert (await settings(bench))["data"] == {"value": "1", "other": "x"}
    assert (await bench.node("one"))["outputs"]["parameters"] == [{"name": "value", "value": "1"}]


async def test_patch_merges(bench: Bench) -> None:
    await put_settings(bench, value="0", other="x")
    await bench.submit(single("      action: patch\n      mergeStrategy: merge" + MANIFEST))
    assert (await bench.settle())["status"]["phase"] == "Succeeded"
    assert (await settings(bench))["data"] == {"value": "1", "other": "x"}


async def test_a_patch_of_nothing_fails(bench: Bench) -> None:
    await bench.submit(single("      action: patch\n      mergeStrategy: merge" + MANIFEST))
    assert (await bench.settle())["status"]["phase"] == "Failed"


async def test_delete_is_done_when_it_is_gone_already(bench: Bench) -> None:
    await bench.submit(single("      action: delete" + MANIFEST))
    assert (await bench.settle())["status"]["phase"] == "Succeeded"


async def test_delete_deletes(bench: Bench) -> None:
    await put_settings(bench)
    await bench.submit(single("      action: delete" + MANIFEST))
    assert (await bench.settle())["status"]["phase"] == "Succeeded"
    assert (await bench.client.list(CONFIG_MAP)).items == []


async def test_get_waits_for_a_condition_and_looks_again(bench: Bench) -> None:
    await put_settings(bench, value="0")
    await bench.submit(
        single("      action: get\n      successCondition: data.value > 4" + MANIFEST)
    )
    await bench.settle()
    assert bench.result.requeue_after == 5
    await bench.client.patch(CONFIG_MAP, "settings", {"data": {"value": "5"}}, "demo")
    bench.forward(5)
    assert (await bench.settle())["status"]["phase"] == "Succeeded"
    assert (await bench.node("one"))["outputs"]["parameters"] == [{"name": "value", "value": "5"}]


async def test_get_of_nothing_fails(bench: Bench) -> None:
    await bench.submit(single("      action: get" + MANIFEST))
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "ConfigMap settings does not exist" in workflow["status"]["message"]


async def test_a_value_cannot_add_fields(bench: Bench) -> None:
    await bench.submit(single("      action: create" + MANIFEST))
    attack = '"\n        immutable: true\n        data: {value: "x'
    await bench.patch({"spec": {"arguments": {"parameters": [{"name": "value", "value": attack}]}}})
    assert (await bench.settle())["status"]["phase"] == "Succeeded"
    created = await settings(bench)
    assert created["data"] == {"value": attack}
    assert "immutable" not in created


async def test_a_generated_name_is_the_same_each_time(bench: Bench) -> None:
    generated = MANIFEST.replace("name: settings", "generateName: settings-")
    await bench.submit(single("      action: create" + generated))
    await bench.settle()
    (created,) = (await bench.client.list(CONFIG_MAP)).items
    assert created["metadata"]["name"].startswith("settings-")
    await bench.patch({"status": {"phase": "Running", "nodes": {"one": {"phase": "Pending"}}}})
    assert (await bench.settle())["status"]["phase"] == "Succeeded"
    assert len((await bench.client.list(CONFIG_MAP)).items) == 1


async def test_ttl_deletes_the_workflow_after_its_time(bench: Bench) -> None:
    await bench.submit(single("      action: create" + MANIFEST))
    await bench.patch({"spec": {"ttlStrategy": {"secondsAfterCompletion": 30}}})
    await bench.settle()
    assert bench.result.requeue_after == 30
    bench.forward(30)
    await bench.engine.reconcile(Request("demo", bench.name))
    assert (await bench.client.list(WORKFLOW)).items == []
