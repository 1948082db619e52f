"""`dag`: each task once, after the tasks that it depends on.

A task is started when all tasks that its `depends` names have ended and the expression holds; when
it does not hold, the task is omitted. How the whole ends follows Argo's rule: a target that did not
run inherits the phase of what it depends on, bad ones first, so a failure that a later task dealt
with (`depends: build.Failed`) is none.
"""

from __future__ import annotations

from functools import lru_cache

from idp.embedded.workflows.decide.invoke import Frame, invoke
from idp.embedded.workflows.decide.outputs import composite_outputs
from idp.embedded.workflows.decide.run import Call, Run, node_variables
from idp.embedded.workflows.decide.steps import continues
from idp.embedded.workflows.expressions import Expression, holds, parse, words
from idp.embedded.workflows.nodes import COMPLETED, UNSUCCESSFUL, is_done
from idp.embedded.workflows.spec import Dag, Task, Template
from idp.kernel.errors import IdpError, InvalidInput
from idp.kernel.resource import Manifest

RESULTS = {
    "Succeeded": "Succeeded",
    "Failed": "Failed",
    "Errored": "Error",
    "Skipped": "Skipped",
    "Omitted": "Omitted",
}
_ITEM_RESULTS = ("AnySucceeded", "AllFailed")


class Graph:
    """The tasks of a dag and what each depends on.

    Raises:
        InvalidInput: A task is unknown or there twice, a result is unknown, or there is a cycle.
    """

    def __init__(self, dag: Dag) -> None:
        self.tasks = {task.name: task for task in dag.tasks}
        if len(self.tasks) < len(dag.tasks):
            raise InvalidInput("two tasks have the same name")
        self._conditions = {task.name: _condition(task) for task in dag.tasks}
        self.dependencies = {
            name: self._dependencies(condition) for name, condition in self._conditions.items()
        }
        self.order = self._sorted()
        self.targets = (dag.target or "").split() or self._leaves()
        for target in self.targets:
            self._split(target)

    def _split(self, word: str) -> tuple[str, str]:
        name, _, result = word.partition(".")
        if name not in self.tasks:
            raise InvalidInput(f"there is no task {name!r}")
        if result and result not in RESULTS and result not in _ITEM_RESULTS:
            known = ", ".join([*RESULTS, *_ITEM_RESULTS])
            raise InvalidInput(f"{word!r} asks for none of: {known}")
        return name, result

    def _dependencies(self, condition: Expression | None) -> list[str]:
        found = [] if condition is None else [self._split(word)[0] for word in words(condition)]
        return list(dict.fromkeys(found))

    def _sorted(self) -> list[str]:
        order: list[str] = []
        while len(order) < len(self.tasks):
            ready = [
                name
                for name, needed in self.dependencies.items()
                if name not in order and all(other in order for other in needed)
            ]
            if not ready:
                cycle = ", ".join(sorted(set(self.tasks) - set(order)))
                raise InvalidInput(f"these tasks wait for each other: {cycle}")
            order += ready
        return order

    def _leaves(self) -> list[str]:
        needed = {name for names in self.dependencies.values() for name in names}
        return [name for name in self.tasks if name not in needed]

    def ancestors(self, name: str) -> list[str]:
        """All tasks that a task comes after."""
        found: dict[str, None] = {}
        waiting = list(self.dependencies[name])
        while waiting:
            other = waiting.pop()
            if other not in found:
                found[other] = None
                waiting += self.dependencies[other]
        return list(found)

    def allows(self, name: str, nodes: dict[str, Manifest], children: _Children) -> bool:
        """Whether the `depends` of a task holds, all that it names having ended."""
        condition = self._conditions[name]
        if condition is None:
            return True
        return holds(condition, lambda word: self._fact(word, nodes, children))

    def _fact(self, word: str, nodes: dict[str, Manifest], children: _Children) -> bool:
        name, result = self._split(word)
        node = nodes[name]
        phase = node["phase"]
        if result in _ITEM_RESULTS:
            phases = children(node)
            if result == "AnySucceeded":
                return "Succeeded" in phases
            return bool(phases) and set(phases) == {"Failed"}
        if result:
            return bool(phase == RESULTS[result])
        return phase in ("Succeeded", "Skipped") or continues(self.tasks[name], phase)

    def outcomes(self, nodes: dict[str, Manifest]) -> dict[str, str | None]:
        """How each task ended: its own phase, or that of what it depends on; None if not yet."""
        found: dict[str, str | None] = {}
        for name in self.order:
            node = nodes.get(name)
            if node is None or not is_done(node):
                found[name] = None
            elif node["phase"] in COMPLETED or not self.dependencies[name]:
                found[name] = node["phase"]
            else:
                inherited = [found[other] for other in self.dependencies[name]]
                bad = [phase for phase in inherited if phase in UNSUCCESSFUL]
                found[name] = bad[0] if bad else "Succeeded"
        return found


class _Children:
    """Phases of the items of a task with a loop."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, node: Manifest) -> list[str]:
        if node["type"] != "TaskGroup":
            return []
        return [self._run.nodes.by_id(child)["phase"] for child in node.get("children", [])]


@lru_cache(maxsize=512)
def _parsed(text: str) -> Expression:
    return parse(text)


def _condition(task: Task) -> Expression | None:
    if task.depends is not None and task.dependencies:
        raise InvalidInput(f"task {task.name} has both depends and dependencies")
    text = task.depends if task.depends is not None else " && ".join(task.dependencies)
    return _parsed(text) if text.strip() else None


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
        if fail_fast and _failed_target(graph, nodes) is not None:
            return None
        if not graph.allows(name, nodes, _Children(run)):
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


def _failed_target(graph: Graph, nodes: dict[str, Manifest]) -> str | None:
    outcomes = graph.outcomes(nodes)
    for target in graph.targets:
        phase = outcomes[target]
        if phase in UNSUCCESSFUL and not continues(graph.tasks[target], phase):
            return target
    return None


def _assess(
    run: Run, frame: Frame, graph: Graph, nodes: dict[str, Manifest], template: Template
) -> Manifest:
    """Nothing runs any more: has it all ended?"""
    assert template.dag is not None
    outcomes = graph.outcomes(nodes)
    failed = _failed_target(graph, nodes)
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
