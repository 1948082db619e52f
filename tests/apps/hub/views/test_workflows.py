"""Workflows through the hub."""

from __future__ import annotations

from typing import Any

import pytest

from idp.apps.hub.views.workflows import brief, describe, select
from support.hub import Hub, Instance, Upstream


def workflow(name: str, phase: str, started: str, **node: Any) -> dict[str, Any]:
    owner = {"kind": "Promotion", "name": "hello-r1"}
    return {
        "metadata": {"namespace": "demo", "name": name, "ownerReferences": [owner]},
        "spec": {
            "workflowTemplateRef": {"name": "promote"},
            "arguments": {"parameters": [{"name": "application", "value": "hello"}]},
        },
        "status": {
            "phase": phase,
            "startedAt": started,
            "progress": "1/2",
            "nodes": {
                "root": {
                    "id": "root",
                    "name": name,
                    "type": "Steps",
                    "startedAt": started,
                    "children": ["a"],
                },
                "a": {
                    "id": "a",
                    "name": f"{name}[0].admit",
                    "displayName": "admit",
                    "type": "Pod",
                    "phase": phase,
                    "startedAt": started,
                    "resource": {"kind": "PipelineStep", "name": f"{name}-admit"},
                    **node,
                },
            },
        },
    }


STEP = {
    "metadata": {"namespace": "demo", "name": "w-admit"},
    "status": {"message": "waits for the registry", "remedy": "start it", "outputs": {"a": 1}},
}


def test_a_node_says_what_its_step_says() -> None:
    detail = describe("uat", workflow("w", "Running", "1", message="Argo's words"), [STEP])
    root, admit = detail.nodes
    assert (root.group, admit.group) == (True, False)
    assert (admit.message, admit.remedy) == ("waits for the registry", "start it")
    assert '"a": 1' in admit.outputs
    assert detail.parameters == {"application": "hello"}


def test_without_its_step_a_node_says_what_the_engine_says() -> None:
    detail = describe("uat", workflow("w", "Failed", "1", message="no such template"), [])
    assert detail.nodes[-1].message == "no such template"
    assert detail.nodes[-1].step == ""


def test_what_runs_comes_first_then_the_newest() -> None:
    found = [
        brief("uat", workflow(name, phase, started))
        for name, phase, started in (
            ("old", "Succeeded", "1"),
            ("new", "Failed", "3"),
            ("runs", "Running", "2"),
        )
    ]
    assert [w.name for w in select(found, "", "")] == ["runs", "new", "old"]
    assert [w.name for w in select(found, "Failed", "")] == ["new"]
    assert [w.name for w in select(found, "", "DEMO/O")] == ["old"]
    assert len(select(found, "", "hello")) == 3


@pytest.fixture
def instance(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Instance:
    workflows = [workflow(f"w{n}", "Succeeded", str(n)) for n in range(5)]
    instance = Instance(objects={"workflows": workflows, "pipelinesteps": [STEP]})
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


async def test_pages_filters_and_what_is_not_there(hub: Hub, instance: Instance) -> None:
    headers = hub.as_user("maya")

    async def get(path: str, **query: Any) -> Any:
        return await hub.client.get(f"/api/v1/workflows{path}", params=query, headers=headers)

    page = (await get("", environment="development", offset=1, limit=2)).json()
    assert [w["name"] for w in page["workflows"]] == ["w3", "w2"]
    assert (page["total"], page["running"]) == (5, 0)
    assert [state["environment"] for state in page["instances"]] == ["development"]
    assert (await get("/development/demo/w1")).json()["workflow"]["promotion"] == "hello-r1"
    assert (await get("/development/demo/nothing")).status_code == 404
    assert (await get("/uat/demo/w1")).status_code == 503
    assert (await get("", environment="nowhere")).json()["instances"][0]["error"]
