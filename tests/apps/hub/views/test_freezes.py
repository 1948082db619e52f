"""Freezes through the hub: listed, started and ended in the caller's name."""

from __future__ import annotations

from typing import Any

import pytest

from support.hub import Hub, Instance, Upstream


def freeze(name: str, start: str, until: str) -> dict[str, Any]:
    return {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "Freeze",
        "metadata": {"name": name},
        "spec": {"start": start, "until": until, "reason": "audit", "by": "uma"},
    }


@pytest.fixture
def instance(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Instance:
    instance = Instance(
        objects={
            "freezes": [
                freeze("old", "2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"),
                freeze("later", "2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
                freeze("now", "2020-01-01T00:00:00Z", "2097-01-01T00:00:00Z"),
            ]
        },
        allowed={("maya", "delete", "freezes.platform.idp")},
    )
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


async def test_those_that_are_on_come_first(hub: Hub, instance: Instance) -> None:
    answer = await hub.client.get("/api/v1/freezes", headers=hub.as_user("maya"))
    told = [(f["name"], f["state"], f["mayEnd"]) for f in answer.json()["freezes"]]
    assert told == [("now", "on", True), ("later", "to come", True), ("old", "over", True)]
    answer = await hub.client.get("/api/v1/freezes", headers=hub.as_user("admin"))
    assert {f["mayEnd"] for f in answer.json()["freezes"]} == {False}


WANTED = {
    "environment": "development",
    "name": "audit",
    "reason": "year-end audit",
    "until": "2099-01-01T00:00:00+01:00",
    "applications": ["hello"],
}


async def test_one_is_started_and_ended_in_ones_own_name(hub: Hub, instance: Instance) -> None:
    headers = hub.as_user("maya")
    started = await hub.client.post("/api/v1/freezes", json=WANTED, headers=headers)
    assert started.status_code == 201
    assert started.json()["state"] == "on"
    ended = await hub.client.delete("/api/v1/freezes/development/audit", headers=headers)
    assert ended.status_code == 204
    created, deleted = instance.changes
    assert created[:2] == ("maya", "POST")
    assert created[3]["spec"]["by"] == "maya"
    assert created[3]["spec"]["until"] == "2098-12-31T23:00:00Z"
    assert created[3]["spec"]["selector"]["applications"] == ["hello"]
    assert deleted[:2] == ("maya", "DELETE")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, 400),
        ({"start": "2099-06-01T00:00:00Z"}, 400),
        ({"until": "2099-01-01T00:00:00"}, 422),
        ({"reason": ""}, 422),
        ({"name": "No Name"}, 422),
    ],
)
async def test_what_is_no_freeze_is_refused_before_the_instance_is_asked(
    hub: Hub, instance: Instance, change: dict[str, Any], code: int
) -> None:
    answer = await hub.client.post(
        "/api/v1/freezes", json={**WANTED, **change}, headers=hub.as_user("maya")
    )
    assert answer.status_code == code
    assert instance.changes == []
