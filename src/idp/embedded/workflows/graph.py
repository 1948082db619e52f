"""The tasks of a dag: what each waits for, and how the whole ends. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from idp.embedded.workflows.expressions import Expression, holds, parse, words
from idp.embedded.workflows.nodes import COMPLETED, UNSUCCESSFUL, is_done
from idp.embedded.workflows.spec import Dag, Step, Task
from idp.kernel.errors import InvalidInput
from idp.kernel.resource import Manifest

RESULTS = {
    "Succeeded": "Succeeded",
    "Failed": "Failed",
    "Errored": "Error",
    "Skipped": "Skipped",
    "Omitted": "Omitted",
}
_ITEM_RESULTS = ("AnySucceeded", "AllFailed")

ChildPhases = Callable[[Manifest], list[str]]
"""Gives the phases of the items of a task with a loop, from the task's node."""


def continues(step: Step, phase: str) -> bool:
    """Whether a step that ended so does not fail what contains it."""
    return (phase == "Failed" and step.continue_on.failed) or (
        phase == "Error" and step.continue_on.error
    )


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

    def allows(self, name: str, nodes: Mapping[str, Manifest], children: ChildPhases) -> bool:
        """Whether the `depends` of a task holds, all that it names having ended."""
        condition = self._conditions[name]
        if condition is None:
            return True
        return holds(condition, lambda word: self._fact(word, nodes, children))

    def _fact(self, word: str, nodes: Mapping[str, Manifest], children: ChildPhases) -> bool:
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

    def outcomes(self, nodes: Mapping[str, Manifest]) -> dict[str, str | None]:
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

    def failed_target(self, nodes: Mapping[str, Manifest]) -> str | None:
        """A target that ended badly, if there is one."""
        outcomes = self.outcomes(nodes)
        for target in self.targets:
            phase = outcomes[target]
            if phase in UNSUCCESSFUL and not continues(self.tasks[target], phase):
                return target
        return None


@lru_cache(maxsize=512)
def _parsed(text: str) -> Expression:
    return parse(text)


def _condition(task: Task) -> Expression | None:
    if task.depends is not None and task.dependencies:
        raise InvalidInput(f"task {task.name} has both depends and dependencies")
    text = task.depends if task.depends is not None else " && ".join(task.dependencies)
    return _parsed(text) if text.strip() else None
