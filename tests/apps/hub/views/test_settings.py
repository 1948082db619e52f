"""An application's settings side by side, who may call whom, and an instance's room."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from idp.apps.hub.views.capacity import machine, requested
from idp.apps.hub.views.settings import calls, describe
from support.hub import Hub, Instance, Upstream


def application(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"namespace": "demo", "name": name, "managedFields": [{"manager": "x"}]}
    return {"kind": "WebApplication", "metadata": metadata, "spec": {"port": 8080, **spec}}


CONFIGURATION = {
    "metadata": {"namespace": "demo", "name": "hello-config"},
    "spec": {"defaults": {"a": 1}},
    "status": {"configMap": "held", "conditions": [{"message": "held holds the defaults"}]},
}
HELD = {
    "metadata": {"namespace": "demo", "name": "held"},
    "data": {"configuration.yaml": "greeting: hello\nnested: {list: [1, 2], none: null}\n"},
}


def test_delivered_values_are_told_by_path() -> None:
    objects = {
        "WebApplication": [application("hello")],
        "ApplicationConfiguration": [CONFIGURATION],
        "ConfigMap": [HELD],
    }
    here, there = describe({"uat": objects, "production": {}}, "hello")
    assert here.configuration == {"greeting": "hello", "nested.list[0]": "1", "nested.list[1]": "2"}
    assert here.application == {"port": "8080"}
    assert here.manifest is not None
    assert "managedFields" not in here.manifest["metadata"]
    assert (there.manifest, there.application, there.configuration) == (None, {}, {})


def test_an_application_without_configuration_says_so() -> None:
    (place,) = describe({"uat": {"WebApplication": [application("hello")]}}, "hello")
    assert (place.configuration, place.message) == ({}, "It declares no configuration.")


@pytest.mark.parametrize(
    ("communication", "expected"),
    [
        ({}, "open"),
        ({"allowedDestinations": ["hello"]}, "stated"),
        ({"allowedDestinations": []}, None),
        ({"allowedDestinations": ["hello"], "deniedDestinations": ["hello"]}, "denied"),
    ],
)
def test_who_may_call_is_as_the_caller_declares(
    communication: dict[str, Any], expected: str | None
) -> None:
    silent = application("hello", communication={"allowedDestinations": []})
    shop = application("shop", communication=communication)
    found = calls({"uat": {"WebApplication": [silent, shop]}, "staging": {}}, "hello")
    assert [(c.source, c.destination, c.allowed) for c in found] == (
        [("shop", "hello", expected)] if expected else []
    )


@pytest.fixture
def instance(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Instance:
    def pod(phase: str, ready: str) -> dict[str, Any]:
        resources = {"requests": {"cpu": "50m", "memory": "256Mi"}}
        return {
            "metadata": {"namespace": "demo", "name": phase},
            "spec": {"containers": [{"resources": resources}, {}]},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
        }

    objects = {
        "pods": [pod("Running", "True"), pod("Pending", "False"), pod("Succeeded", "False")],
        "webapplications": [application("hello")],
    }
    instance = Instance(objects=objects)
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


async def test_what_ended_asks_for_nothing(hub: Hub, instance: Instance) -> None:
    async def get(path: str) -> Any:
        return await hub.client.get(f"/api/v1{path}", headers=hub.as_user("maya"))

    body = (await get("/platform/development/capacity")).json()
    assert (body["pods"], body["ready"]) == (2, 1)
    assert (body["cpuRequested"], body["memoryRequested"]) == (0.1, 512 * 2**20)
    assert (await get("/platform/uat/capacity")).status_code == 503
    settings = (await get("/applications/demo/hello/settings")).json()
    assert [place["manifest"] is None for place in settings["environments"]] == [False, True, True]
    assert (await get("/applications/demo/nothing/settings")).status_code == 404


def test_requests_of_containers_are_summed_up() -> None:
    containers = [
        {"resources": {"requests": {"cpu": "1"}}},
        {"resources": {"limits": {"cpu": "9"}}},
    ]
    assert requested([{"spec": {"containers": containers}}], "cpu") == Decimal(1)
    assert requested([], "memory") == 0


def test_this_machine_has_room(tmp_path: Path) -> None:
    found = machine(tmp_path)
    assert found.processors >= 1
    assert 0 < found.memory_free <= found.memory
    assert 0 < found.disk_free <= found.disk
