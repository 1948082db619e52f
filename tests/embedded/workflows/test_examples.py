"""Workflows of the forms that Argo's own examples have."""

from __future__ import annotations

from typing import Any

import pytest

from idp.kernel.client import get_or_none
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, WORKFLOW

Bench = Any


def template_of(pod: Manifest) -> str:
    """The last word of the pod's command, by which these tests tell pods apart."""
    container = pod["spec"]["containers"][0]
    return str((container.get("command") or container.get("args"))[-1])


DIAMOND = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: diamond-}
spec:
  entrypoint: diamond
  templates:
  - name: diamond
    dag:
      tasks:
      - {name: A, template: say, arguments: {parameters: [{name: message, value: first}]}}
      - {name: B, depends: A, template: say, arguments: {parameters: [{name: message, value: B}]}}
      - {name: C, depends: A, template: say, arguments: {parameters: [{name: message, value: C}]}}
      - name: D
        depends: B && C
        template: say
        arguments: {parameters: [{name: message, value: D}]}
  - name: say
    inputs: {parameters: [{name: message}]}
    container:
      image: busybox
      command: [echo, "{{inputs.parameters.message}}"]
"""


async def test_a_diamond_runs_in_order(bench: Bench) -> None:
    await bench.submit(DIAMOND)
    await bench.settle()
    assert [template_of(pod) for pod in await bench.pods()] == ["first"]
    await bench.end_pods()
    workflow = await bench.settle()
    assert sorted(template_of(pod) for pod in await bench.pods()) == ["B", "C", "first"]
    assert workflow["status"]["progress"] == "1/3"
    workflow = await bench.run()
    assert workflow["status"]["phase"] == "Succeeded"
    assert workflow["status"]["progress"] == "4/4"
    labels = workflow["metadata"]["labels"]
    assert labels["workflows.argoproj.io/completed"] == "true"
    assert labels["workflows.argoproj.io/phase"] == "Succeeded"
    pod = (await bench.pods())[0]
    assert pod["metadata"]["ownerReferences"][0]["name"] == bench.name
    assert pod["spec"]["restartPolicy"] == "Never"


async def test_a_diamond_stops_at_a_failure(bench: Bench) -> None:
    await bench.submit(DIAMOND)
    workflow = await bench.run(lambda pod: "Failed" if template_of(pod) == "B" else "Succeeded")
    assert await bench.phases() == {
        bench.name: "Failed",
        "A": "Succeeded",
        "B": "Failed",
        "C": "Succeeded",
        "D": "Omitted",
    }
    assert workflow["status"]["phase"] == "Failed"
    assert "task 'B' failed: Error (exit code 1)" in workflow["status"]["message"]


ENHANCED_DEPENDS = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: depends-}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: A, template: pass}
      - {name: B, depends: A, template: pass}
      - {name: C, depends: A, template: fail}
      - {name: should-execute-1, depends: "A && (C.Succeeded || C.Failed)", template: pass}
      - {name: should-execute-2, depends: B || C, template: pass}
      - {name: should-not-execute, depends: B && C, template: pass}
      - name: should-execute-3
        depends: should-execute-2.Succeeded || should-not-execute
        template: pass
  - {name: pass, container: {image: busybox, command: [sh, -c, exit 0]}}
  - {name: fail, container: {image: busybox, command: [sh, -c, exit 1]}}
"""


async def test_depends_reads_results(bench: Bench) -> None:
    await bench.submit(ENHANCED_DEPENDS)
    await bench.run(lambda pod: "Failed" if template_of(pod) == "exit 1" else "Succeeded")
    phases = await bench.phases()
    assert phases["should-not-execute"] == "Omitted"
    for number in (1, 2, 3):
        assert phases[f"should-execute-{number}"] == "Succeeded"
    assert phases[bench.name] == "Succeeded"


STEPS = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: steps-}
spec:
  entrypoint: hello
  templates:
  - name: hello
    steps:
    - - {name: one, template: say, arguments: {parameters: [{name: message, value: one}]}}
    - - {name: two-a, template: say, arguments: {parameters: [{name: message, value: two-a}]}}
      - name: two-b
        template: say
        arguments: {parameters: [{name: message, value: two-b}]}
        %s
    - - {name: three, template: say, arguments: {parameters: [{name: message, value: three}]}}
  - name: say
    inputs: {parameters: [{name: message}]}
    container: {image: busybox, command: [echo], args: ["{{inputs.parameters.message}}"]}
"""


def said(pod: Manifest) -> str:
    return str(pod["spec"]["containers"][0]["args"][-1])


async def test_groups_run_one_after_another(bench: Bench) -> None:
    await bench.submit(STEPS % "")
    seen = []
    await bench.settle()
    while running := [said(pod) for pod in await bench.pods() if not pod.get("status")]:
        seen.append(sorted(running))
        await bench.end_pods()
        await bench.settle()
    assert seen == [["one"], ["two-a", "two-b"], ["three"]]
    assert (await bench.workflow())["status"]["phase"] == "Succeeded"


async def test_a_failed_step_ends_the_steps(bench: Bench) -> None:
    await bench.submit(STEPS % "")
    workflow = await bench.run(lambda pod: "Failed" if said(pod) == "two-b" else "Succeeded")
    assert workflow["status"]["phase"] == "Failed"
    assert "two-b" in workflow["status"]["message"]
    assert "three" not in await bench.phases()


async def test_continue_on_goes_on(bench: Bench) -> None:
    await bench.submit(STEPS % "continueOn: {failed: true}")
    workflow = await bench.run(lambda pod: "Failed" if said(pod) == "two-b" else "Succeeded")
    assert workflow["status"]["phase"] == "Succeeded"
    assert (await bench.phases())["three"] == "Succeeded"


CONDITIONALS = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: conditional-}
spec:
  entrypoint: example
  arguments: {parameters: [{name: should-print, value: "%s"}]}
  templates:
  - name: example
    inputs: {parameters: [{name: should-print}]}
    steps:
    - - name: printed
        template: say
        when: "{{inputs.parameters.should-print}} == true"
      - name: not-printed
        template: say
        when: "{{inputs.parameters.should-print}} != true"
  - {name: say, container: {image: busybox, command: [echo, hello]}}
"""


@pytest.mark.parametrize(
    ("value", "printed"), [("true", True), ("false", False), ("x == x || true == true", False)]
)
async def test_when_decides_and_a_value_cannot_change_the_question(
    bench: Bench, value: str, printed: bool
) -> None:
    await bench.submit(CONDITIONALS % value)
    workflow = await bench.run()
    phases = await bench.phases()
    assert phases["printed"] == ("Succeeded" if printed else "Skipped")
    assert phases["not-printed"] == ("Skipped" if printed else "Succeeded")
    assert workflow["status"]["phase"] == "Succeeded"


SUSPEND = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: suspend-}
spec:
  entrypoint: suspend
  templates:
  - name: suspend
    steps:
    - - {name: build, template: say}
    - - {name: approve, template: approve}
    - - {name: delay, template: delay}
    - - name: release
        template: say
        when: "'{{steps.approve.outputs.parameters.answer}}' == 'YES'"
  - name: approve
    suspend: {}
    outputs: {parameters: [{name: answer, valueFrom: {supplied: {}, default: "NO"}}]}
  - {name: delay, suspend: {duration: "20"}}
  - {name: say, container: {image: busybox, command: [echo, hello]}}
"""


async def resume(bench: Bench, **outputs: str) -> None:
    """Resume the node `approve` as Argo's clients do."""
    node = await bench.node("approve")
    assert node["phase"] == "Running"
    change: Manifest = {"phase": "Succeeded"}
    if outputs:
        listed = [{"name": name, "value": value} for name, value in outputs.items()]
        change["outputs"] = {"parameters": listed}
    await bench.patch({"status": {"nodes": {node["id"]: change}}})


@pytest.mark.parametrize(
    ("outputs", "released"), [({"answer": "YES"}, "Succeeded"), ({}, "Skipped")]
)
async def test_a_suspended_node_waits_for_a_person_then_for_time(
    bench: Bench, outputs: dict[str, str], released: str
) -> None:
    await bench.submit(SUSPEND)
    await bench.run()
    (asked,) = (await bench.node("approve"))["outputs"]["parameters"]
    assert asked["valueFrom"] == {"supplied": {}, "default": "NO"}
    await resume(bench, **outputs)
    await bench.settle()
    assert (await bench.phases())["delay"] == "Running"
    assert bench.result.requeue_after == 20
    bench.forward(20)
    workflow = await bench.run()
    assert (await bench.phases())["release"] == released
    assert workflow["status"]["phase"] == "Succeeded"


async def test_an_answer_that_must_be_given_is_asked_for(bench: Bench) -> None:
    await bench.submit(SUSPEND.replace(', default: "NO"', ""))
    await bench.run()
    await resume(bench)
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Error"
    assert "outputs.parameters.answer was not supplied" in workflow["status"]["message"]


async def test_a_person_may_refuse(bench: Bench) -> None:
    await bench.submit(SUSPEND)
    await bench.run()
    node = await bench.node("approve")
    refusal = {"phase": "Failed", "message": "not today"}
    await bench.patch({"status": {"nodes": {node["id"]: refusal}}})
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "not today" in workflow["status"]["message"]


RETRY = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: retry-}
spec:
  entrypoint: retry-backoff
  templates:
  - name: retry-backoff
    retryStrategy:
      limit: "3"
      backoff: {duration: "1", factor: "2", maxDuration: "1m", cap: "3"}
    container: {image: python, command: [python, -c], args: ["{{retries}}"]}
"""


async def test_retries_back_off_and_end(bench: Bench) -> None:
    await bench.submit(RETRY)
    await bench.settle()
    for wait in (1, 2, 3):
        await bench.end_pods(lambda pod: "Failed")
        await bench.settle()
        assert bench.result.requeue_after == wait
        assert not [pod for pod in await bench.pods() if not pod.get("status")]
        bench.forward(wait)
        await bench.settle()
    assert {said(pod) for pod in await bench.pods()} == {"0", "1", "2", "3"}
    await bench.end_pods(lambda pod: "Failed")
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "No more retries left: Error (exit code 1)" in workflow["status"]["message"]


async def test_a_retry_that_succeeds_is_a_success(bench: Bench) -> None:
    await bench.submit(RETRY)
    await bench.run(lambda pod: "Failed" if said(pod) == "0" else "Succeeded")
    bench.forward(1)
    workflow = await bench.run()
    assert workflow["status"]["phase"] == "Succeeded"


EXIT_HANDLERS = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: exit-}
spec:
  entrypoint: main
  onExit: exit-handler
  templates:
  - {name: main, container: {image: alpine, args: [main]}}
  - name: exit-handler
    steps:
    - - name: notify
        template: say
        arguments: {parameters: [{name: text, value: "{{workflow.name}} {{workflow.status}}"}]}
      - name: celebrate
        template: say
        when: "{{workflow.status}} == Succeeded"
        arguments: {parameters: [{name: text, value: hooray}]}
      - name: cry
        template: say
        when: "{{workflow.status}} != Succeeded"
        arguments: {parameters: [{name: text, value: boohoo}]}
  - name: say
    inputs: {parameters: [{name: text}]}
    container: {image: alpine, args: ["{{inputs.parameters.text}}"]}
"""


@pytest.mark.parametrize(
    ("end", "other", "skipped"),
    [("Succeeded", "hooray", "cry"), ("Failed", "boohoo", "celebrate")],
)
async def test_the_exit_handler_knows_the_end(
    bench: Bench, end: str, other: str, skipped: str
) -> None:
    await bench.submit(EXIT_HANDLERS)
    workflow = await bench.run(lambda pod: end if said(pod) == "main" else "Succeeded")
    assert {said(pod) for pod in await bench.pods()} == {"main", f"{bench.name} {end}", other}
    assert (await bench.phases())[skipped] == "Skipped"
    assert workflow["status"]["phase"] == end


LOOP = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: loop-}
spec:
  entrypoint: main
  arguments:
    parameters:
    - name: os-list
      value: |
        [{"image": "debian", "tag": "9.1"}, {"image": "alpine", "tag": "3.6"}]
  templates:
  - name: main
    inputs: {parameters: [{name: os-list}]}
    steps:
    - - name: test-linux
        template: cat
        arguments:
          parameters:
          - {name: image, value: "{{item.image}}"}
          - {name: tag, value: "{{item.tag}}"}
        withParam: "{{inputs.parameters.os-list}}"
      - name: plain
        template: cat
        arguments:
          parameters:
          - {name: image, value: "{{item}}"}
          - {name: tag, value: "{{item}}"}
        withItems: [1, two]
  - name: cat
    inputs: {parameters: [{name: image}, {name: tag}]}
    container:
      image: "{{inputs.parameters.image}}:{{inputs.parameters.tag}}"
      command: [cat]
"""


async def test_loops_run_each_item(bench: Bench) -> None:
    await bench.submit(LOOP)
    workflow = await bench.run()
    images = {pod["spec"]["containers"][0]["image"] for pod in await bench.pods()}
    assert images == {"debian:9.1", "alpine:3.6", "1:1", "two:two"}
    assert workflow["status"]["phase"] == "Succeeded"


SCRIPT = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: script-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: who, value: world}]}
  serviceAccountName: runner
  templates:
  - name: main
    script:
      image: python
      command: [python]
      source: |
        print("hello {{workflow.parameters.who}}")
"""


async def test_a_script_is_mounted_as_a_file(bench: Bench) -> None:
    await bench.submit(SCRIPT)
    await bench.settle()
    (pod,) = await bench.pods()
    container = pod["spec"]["containers"][0]
    assert container["command"] + container["args"] == ["python", "/argo/staging/script"]
    assert "source" not in container
    assert pod["spec"]["serviceAccountName"] == "runner"
    source = await bench.client.get(CONFIG_MAP, pod["metadata"]["name"], "demo")
    assert source["data"]["script"] == 'print("hello world")\n'
    await bench.client.delete(WORKFLOW, bench.name, "demo")
    assert await get_or_none(bench.client, CONFIG_MAP, pod["metadata"]["name"], "demo") is None


TEMPLATE = """
apiVersion: argoproj.io/v1alpha1
kind: %s
metadata: {name: greet}
spec:
  entrypoint: main
  arguments: {parameters: [{name: greeting, value: hello}, {name: who}]}
  templates:
  - name: main
    inputs: {parameters: [{name: greeting}, {name: who}]}
    container:
      image: busybox
      args: ["{{inputs.parameters.greeting}} {{workflow.parameters.who}}"]
"""
REFERRING = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: refers-}
spec:
  workflowTemplateRef: {name: greet, clusterScope: %s}
  arguments: {parameters: [{name: who, value: world}]}
"""


@pytest.mark.parametrize(
    ("kind", "scope"), [("WorkflowTemplate", "false"), ("ClusterWorkflowTemplate", "true")]
)
async def test_a_template_is_run_as_it_was_at_the_start(
    bench: Bench, kind: str, scope: str
) -> None:
    await bench.submit(REFERRING % scope)
    workflow = await bench.settle()
    assert workflow["status"]["message"] == f"waits for {kind} greet"
    await bench.submit(TEMPLATE % kind)
    await bench.settle()
    (pod,) = await bench.pods()
    assert said(pod) == "hello world"
    assert (await bench.run())["status"]["phase"] == "Succeeded"


async def test_a_template_that_never_comes_is_named(bench: Bench) -> None:
    await bench.submit(REFERRING % "true")
    await bench.settle()
    bench.forward(60)
    workflow = await bench.settle()
    assert workflow["status"]["phase"] == "Failed"
    assert "ClusterWorkflowTemplate greet does not exist" in workflow["status"]["message"]
