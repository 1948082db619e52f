from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.capabilities.environments.kinds import WorkflowRule
from idp.capabilities.promotion.gates.gate import GateCase
from idp.capabilities.promotion.gates.workflow import WorkflowGate
from idp.kernel.standard import WORKFLOW

RULE = WorkflowRule(template="smoke-tests")


@pytest.mark.parametrize(
    ("phase", "state"),
    [("Running", "Waiting"), ("Succeeded", "Open"), ("Failed", "Refused"), ("Error", "Refused")],
)
async def test_it_runs_once_and_its_phase_decides(
    bench: Any, case: Callable[..., GateCase], phase: str, state: str
) -> None:
    gate, some = WorkflowGate(bench.client), case(gate="smoke")
    assert (await gate.ask(RULE, some)).message == "workflow p-gate-smoke to end; it is Pending"
    (workflow,) = (await bench.client.list(WORKFLOW)).items
    assert workflow["spec"]["workflowTemplateRef"] == {"name": "smoke-tests", "clusterScope": True}
    values = {p["name"]: p["value"] for p in workflow["spec"]["arguments"]["parameters"]}
    assert values["image"] == some.release.image
    status = {"status": {"phase": phase, "message": "child failed"}}
    await bench.client.patch(WORKFLOW, "p-gate-smoke", status, "demo", subresource="status")
    answer = await gate.ask(RULE, some)
    assert answer.state == state
    assert ("child failed" in answer.message) is (state == "Refused")
    assert len((await bench.client.list(WORKFLOW)).items) == 1


async def test_a_workflow_of_somebody_else_under_its_name_refuses(
    bench: Any, case: Callable[..., GateCase]
) -> None:
    body = {
        "metadata": {"name": "p-gate-smoke", "namespace": "demo"},
        "status": {"phase": "Succeeded"},
    }
    await bench.client.create(WORKFLOW, body)
    answer = await WorkflowGate(bench.client).ask(RULE, case(gate="smoke"))
    assert (answer.state, answer.message) == ("Refused", "workflow p-gate-smoke is another's")
