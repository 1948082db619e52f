"""`dag`: each task once, after the tasks that it depends on.

A task is started when all tasks that its `depends` names have ended and the expression holds; when
it does not hold, the task is omitted. How the whole ends follows Argo's rule: a target that did not
run inherits the phase of what it depends on, bad ones first, so a failure that a later task dealt
with (`depends: build.Failed`) is none.
"""

from __future__ import annotations

from idp.embedded.workflows.decide.invoke import Frame, invoke
from idp.embedded.workflows.decide.outputs import composite_outputs
from idp.embedded.workflows.decide.run import Call, Run, node_variables
from idp.embedded.workflows.graph import Graph
from idp.embedded.workflows.nodes import UNSUCCESSFUL, is_done
from idp.embedded.workflows.spec import Template
from idp.kernel.errors import IdpError
from idp.kernel.resource import Manifest


def run_dag(run: Run, call: Call, template: Template, scope: dict[str, str]) -> Manifest:
    """Start the tasks that are due, and end the node when its targets have ended."""
    assert template.dag is not None
    node = run.begin(call, "DAG", scope)
    graph = Graph(template.dag)
    frame = Frame(call, node, scope)
    nodes: dict[str, Manifest] = {}
    for name in graph.order:
        child = _run_task(run, frame, graph, name, nodes, fail_fast=template.dag.fail_fast)
        if child is not None:
            nodes[name] = child
    if not all(map(is_done, nodes.values())):
        return node
    return _assess(run, frame, graph, nodes, template)


def _run_task(
    run: Run,
    frame: Frame,
    graph: Graph,
    name: str,
    nodes: dict[str, Manifest],
    *,
    fail_fast: bool,
) -> Manifest | None:
    node_name = f"{frame.call.name}.{name}"
    needed = graph.dependencies[name]
    if run.nodes.find(node_name) is None:
        if not all(other in nodes and is_done(nodes[other]) for other in needed):
            return None
        if fail_fast and graph.failed_target(nodes) is not None:
            return None
        if not graph.allows(name, nodes, lambda node: _item_phases(run, node)):
            omitted = run.nodes.start(
                node_name,
                "Skipped",
                boundary=frame.node["id"],
                display_name=name,
                phase="Omitted",
                message="omitted: depends condition not met",
            )
            _link(run, frame, nodes, needed, omitted)
            return omitted
    scope = {**frame.scope}
    for other in graph.ancestors(name):
        if other in nodes:
            scope |= node_variables(f"tasks.{other}", nodes[other])
    task_frame = Frame(frame.call, frame.node, scope)
    child = invoke(run, task_frame, graph.tasks[name], node_name)
    if child is not None:
        _link(run, frame, nodes, needed, child)
    return child


def _link(
    run: Run, frame: Frame, nodes: dict[str, Manifest], needed: list[str], child: Manifest
) -> None:
    for parent in [nodes[other] for other in needed] or [frame.node]:
        run.nodes.link(parent, child)


def _assess(
    run: Run, frame: Frame, graph: Graph, nodes: dict[str, Manifest], template: Template
) -> Manifest:
    """Nothing runs any more: has it all ended?"""
    assert template.dag is not None
    outcomes = graph.outcomes(nodes)
    failed = graph.failed_target(nodes)
    pending = [target for target in graph.targets if outcomes[target] is None]
    if failed is not None and (template.dag.fail_fast or not pending):
        return run.nodes.finish(frame.node, outcomes[failed] or "Failed", _why(graph, nodes))
    if pending:
        if reason := run.halted(frame.call.on_exit):
            run.nodes.finish(frame.node, "Failed", reason)
        return frame.node
    scope = dict(frame.scope)
    for name, child in nodes.items():
        scope |= node_variables(f"tasks.{name}", child)
    try:
        outputs = composite_outputs(template, scope)
    except IdpError as error:
        return run.nodes.finish(frame.node, "Error", str(error))
    return run.nodes.finish(frame.node, "Succeeded", outputs=outputs)


def _why(graph: Graph, nodes: dict[str, Manifest]) -> str:
    for name in graph.order:
        node = nodes.get(name)
        if node is not None and node["phase"] in UNSUCCESSFUL:
            return f"task '{name}' failed: {node.get('message', '')}"
    return ""


def _item_phases(run: Run, node: Manifest) -> list[str]:
    if node["type"] != "TaskGroup":
        return []
    return [run.nodes.by_id(child)["phase"] for child in node.get("children", [])]
