"""How a dag as a whole ends."""

from __future__ import annotations

import pytest

from idp.embedded.workflows.graph import Graph
from idp.embedded.workflows.spec import Dag
from idp.kernel.resource import Manifest


def graph(target: str | None = None, **depends: str) -> Graph:
    tasks = [{"name": n, "template": "t", "depends": d or None} for n, d in depends.items()]
    return Graph(Dag.model_validate({"tasks": tasks, "target": target}))


def nodes(**phases: str) -> dict[str, Manifest]:
    return {name: {"phase": phase} for name, phase in phases.items()}


def test_tasks_come_after_what_they_depend_on() -> None:
    found = graph(d="b && c", c="a.Failed", b="a", a="")
    assert found.order.index("a") < min(found.order.index("b"), found.order.index("c"))
    assert found.order[-1] == "d"
    assert sorted(found.ancestors("d")) == ["a", "b", "c"]
    assert found.targets == ["d"]


@pytest.mark.parametrize(
    ("phases", "failed"),
    [
        ({"a": "Succeeded", "b": "Succeeded"}, None),
        ({"a": "Failed", "b": "Omitted"}, "b"),
        ({"a": "Failed", "b": "Succeeded"}, None),
        ({"a": "Succeeded", "b": "Failed"}, "b"),
        ({"a": "Succeeded", "b": "Skipped"}, None),
        ({"a": "Succeeded", "b": "Error"}, "b"),
    ],
)
def test_a_target_that_did_not_run_inherits(phases: dict[str, str], failed: str | None) -> None:
    assert graph(a="", b="a").failed_target(nodes(**phases)) == failed


def test_only_targets_count() -> None:
    phases = nodes(a="Succeeded", b="Failed")
    assert graph("a", a="", b="").failed_target(phases) is None
    assert graph("a b", a="", b="").failed_target(phases) == "b"


def test_a_task_that_has_not_ended_has_no_outcome() -> None:
    assert graph(a="", b="a").outcomes(nodes(a="Running")) == {"a": None, "b": None}


@pytest.mark.parametrize(
    ("depends", "items", "allowed"),
    [
        ("a", [], True),
        ("a.Succeeded", [], True),
        ("a.Failed || a.Errored", [], False),
        ("!a.Skipped && !a.Omitted", [], True),
        ("a.AnySucceeded", ["Failed", "Succeeded"], True),
        ("a.AnySucceeded", ["Failed"], False),
        ("a.AllFailed", ["Failed", "Failed"], True),
        ("a.AllFailed", ["Failed", "Succeeded"], False),
        ("a.AllFailed", [], False),
    ],
)
def test_depends(depends: str, items: list[str], allowed: bool) -> None:
    found = graph(a="", b=depends)
    assert found.allows("b", nodes(a="Succeeded"), lambda node: items) is allowed
