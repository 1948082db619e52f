"""Reviews through the hub: seen, and closed in the caller's name."""

from __future__ import annotations

from typing import Any

import pytest

from idp.apps.hub.views.reviews import review_view
from support.hub import Hub, Instance, Upstream


def review(name: str = "one", due: str = "2026-12-01T00:00:00Z", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "platform.idp/v1alpha1",
        "kind": "Review",
        "metadata": {"namespace": "demo", "name": name},
        "spec": {
            "application": "hello",
            "promotion": "hello-r1-x",
            "release": "hello-r1",
            "releaseDigest": f"sha256:{'3f' * 32}",
            "cause": "hotfix",
            "by": "rosa",
            "reason": "CVE",
            "due": due,
            **spec,
        },
    }


@pytest.mark.parametrize(
    ("spec", "verified", "caller", "right", "may", "why_not"),
    [
        ({}, [], "paul", True, True, ""),
        ({}, [], "rosa", True, False, "what you did"),
        ({}, [], "maya", False, False, "role of an approver"),
        ({"validateIn": ["uat"]}, [], "paul", True, False, "first be verified in uat"),
        ({"validateIn": ["uat"]}, ["uat"], "paul", True, True, ""),
        ({"closedBy": "uma", "conclusion": "fine"}, [], "paul", True, False, ""),
    ],
)
def test_who_may_close(
    spec: dict[str, Any], verified: list[str], caller: str, right: bool, may: bool, why_not: str
) -> None:
    manifest = {**review(**spec), "status": {"verifiedIn": verified}}
    view = review_view("uat", manifest, caller, right)
    assert view.may_close is may
    assert why_not in view.why_not
    assert bool(why_not) == bool(view.why_not)


@pytest.fixture
def instance(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Instance:
    instance = Instance(
        objects={
            "reviews": [
                review("late", "2026-12-09T00:00:00Z"),
                review("done", closedBy="uma", conclusion="fine"),
                review("soon", by="maya"),
            ]
        },
        allowed={("maya", "close", "reviews.platform.idp")},
    )
    monkeypatch.setattr(upstream, "answer", instance.answer)
    return instance


async def test_those_that_wait_are_told_the_soonest_due_first(hub: Hub, instance: Instance) -> None:
    answer = await hub.client.get("/api/v1/reviews", headers=hub.as_user("maya"))
    told = [(r["name"], r["mayClose"]) for r in answer.json()["reviews"]]
    assert told == [("soon", False), ("late", True)]
    assert {i["environment"] for i in answer.json()["instances"] if i["error"]} == {
        "staging",
        "uat",
    }
    answer = await hub.client.get("/api/v1/reviews?closed=true", headers=hub.as_user("maya"))
    assert [r["name"] for r in answer.json()["reviews"]] == ["soon", "late", "done"]


async def test_one_is_closed_in_ones_own_name_with_a_conclusion(
    hub: Hub, instance: Instance
) -> None:
    path, headers = "/api/v1/reviews/development/demo/late/closing", hub.as_user("maya")
    refused = await hub.client.post(path, json={"conclusion": " "}, headers=headers)
    assert refused.status_code == 422
    assert instance.changes == []
    answer = await hub.client.post(path, json={"conclusion": "it was right"}, headers=headers)
    assert answer.status_code == 204
    ((user, method, _, change),) = instance.changes
    assert (user, method) == ("maya", "PATCH")
    assert change == {"spec": {"closedBy": "maya", "conclusion": "it was right"}}
