"""Deadlines, stops, suspension and parallelism."""

from __future__ import annotations

from typing import Any

import pytest

from idp.kernel.standard import POD

Bench = Any

WIDE = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wide}
spec:
  entrypoint: main
  onExit: bye
  %s
  templates:
  - name: main
    %s
    steps:
    - - {name: say, template: say, withItems: [a, b, c, d]}
    - - {name: after, template: say}
  - name: say
    %s
    container: {image: busybox, args: [hello]}
  - name: bye
    container: {image: busybox, args: [bye]}
"""


def running(pods: list[Any]) -> int:
    return sum(not pod.get("status") for pod in pods)


@pytest.mark.parametrize(
    ("of_workflow", "of_template"), [("parallelism: 2", ""), ("", "parallelism: 2")]
)
async def test_parallelism_is_kept(bench: Bench, of_workflow: str, of_template: str) -> None:
    await bench.submit(WIDE % (of_workflow, of_template, ""))
    await bench.settle()
    most = 0
    while count := running(await bench.pods()):
        most = max(most, count)
        await bench.end_pods()
        await bench.settle()
    assert most == 2
    assert len(await bench.pods()) == 6
    assert (await bench.workflow())["status"]["phase"] == "Succeeded"


async def test_one_at_a_time_leaves_room_for_retries(bench: Bench) -> None:
    await bench.submit(WIDE % ("", "parallelism: 1", 'retryStrategy: {limit: "1"}'))
    failed: set[str] = set()

    def first_fails(pod: Any) -> str:
        node = pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"]
        again = not node.endswith("(0)")
        failed.add(node)
        return "Succeeded" if again else "Failed"

    workflow = await bench.run(first_fails)
    assert workflow["status"]["phase"] == "Succeeded"


async def test_the_workflows_deadline_ends_everything_and_deletes_pods(bench: Bench) -> None:
    await bench.submit(WIDE % ("activeDeadlineSeconds: 30", "", ""))
    await bench.settle()
    assert bench.result.requeue_after == 30
    bench.forward(30)
    workflow = await bench.run()
    assert workflow["status"]["phase"] == "Failed"
    assert "exceeded its deadline of 30 s" in workflow["status"]["message"]
    pods = await bench.pods()
    assert [pod["spec"]["containers"][0]["args"] for pod in pods] == [["bye"]]


@pytest.mark.parametrize(("strategy", "pods"), [("Stop", 1), ("Terminate", 0)])
async def test_a_shutdown_ends_what_runs(bench: Bench, strategy: str, pods: int) -> None:
    await bench.submit(WIDE % ("", "", ""))
    await bench.settle()
    await bench.patch({"spec": {"shutdown": strategy}})
    workflow = await bench.run()
    assert workflow["status"]["phase"] == "Failed"
    assert f"strategy: {strategy}" in workflow["status"]["message"]
    assert len(await bench.pods()) == pods


async def test_a_suspended_workflow_starts_nothing_new(bench: Bench) -> None:
    await bench.submit(WIDE % ("suspend: true", "", ""))
    workflow = await bench.settle()
    assert await bench.pods() == []
    assert workflow["status"]["phase"] == "Running"
    assert "spec.suspend" in workflow["status"]["message"]
    await bench.patch({"spec": {"suspend": None}})
    assert (await bench.run())["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize("field", ["activeDeadlineSeconds: 10", "timeout: 10s"])
async def test_a_templates_deadline_fails_its_node(bench: Bench, field: str) -> None:
    await bench.submit(WIDE % ("", "", field))
    await bench.settle()
    assert bench.result.requeue_after == 10
    bench.forward(10)
    workflow = await bench.run()
    assert workflow["status"]["phase"] == "Failed"
    assert field.split(":")[0] in workflow["status"]["message"]


async def test_a_pod_that_vanishes_is_an_error(bench: Bench) -> None:
    await bench.submit(WIDE % ("", "", ""))
    await bench.settle()
    await bench.client.delete(POD, (await bench.pods())[0]["metadata"]["name"], "demo")
    workflow = await bench.run()
    assert workflow["status"]["phase"] == "Error"
    assert "pod deleted" in workflow["status"]["message"]
