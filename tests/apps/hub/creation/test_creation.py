"""Making an application through the hub."""

from __future__ import annotations

from typing import Any

import pytest

from idp.apps.hub.creation.progress import describe
from support.hub import Hub, Upstream

REVIEW = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
APPLICATION = "GET /apis/platform.idp/v1alpha1/namespaces/demo/webapplications/shop"
MISSING = (404, {"kind": "Status", "code": 404, "reason": "NotFound", "message": "no"})
WANTED = {"template": "static-site", "namespace": "demo", "values": {"name": "shop"}}


@pytest.fixture
def allowing(upstream: Upstream) -> Upstream:
    upstream.answers = {REVIEW: (201, {"status": {"allowed": True}}), APPLICATION: MISSING}
    return upstream


async def test_it_makes_the_repository_once(hub: Hub, allowing: Upstream) -> None:
    headers = hub.as_user("maya")
    made = await hub.client.post("/api/v1/creations", json=WANTED, headers=headers)
    assert made.status_code == 201, made.text
    assert made.json()["repository"] == "demo/shop"
    again = await hub.client.post("/api/v1/creations", json=WANTED, headers=headers)
    assert again.status_code == 409
    assert "demo/shop exists" in again.json()["message"]
    review = next(r for r in allowing.requests if r.path.endswith("accessreviews"))
    assert review.headers["Impersonate-User"] == "maya"


async def test_the_preview_is_what_is_made(hub: Hub, allowing: Upstream) -> None:
    headers = hub.as_user("maya")
    files = await hub.client.post("/api/v1/creations/preview", json=WANTED, headers=headers)
    assert [f["path"] for f in files.json()] == [
        "README.md",
        "idp.yaml",
        "public/index.html",
        "public/style.css",
    ]
    assert allowing.requests == [], "a preview asks nobody and makes nothing"


async def test_who_may_not_push_makes_nothing(hub: Hub, upstream: Upstream) -> None:
    upstream.answers = {REVIEW: (201, {"status": {"allowed": False}}), APPLICATION: MISSING}
    headers = hub.as_user("maya")
    refused = await hub.client.post("/api/v1/creations", json=WANTED, headers=headers)
    assert refused.status_code == 403
    assert "idp:developers" in refused.json()["details"]["remedy"]
    upstream.answers[REVIEW] = (201, {"status": {"allowed": True}})
    made = await hub.client.post("/api/v1/creations", json=WANTED, headers=hub.as_user("admin"))
    assert made.status_code == 201, "nothing was left behind"


async def test_an_application_without_a_repository_is_not_taken_over(
    hub: Hub, allowing: Upstream
) -> None:
    allowing.answers[APPLICATION] = (200, {"metadata": {"name": "shop"}})
    answer = await hub.client.post("/api/v1/creations", json=WANTED, headers=hub.as_user("maya"))
    assert answer.status_code == 409


@pytest.mark.parametrize("namespace", ["", "Demo", "environments", "kube-system", "a/b", "default"])
async def test_the_platforms_own_places_are_refused(
    hub: Hub, allowing: Upstream, namespace: str
) -> None:
    answer = await hub.client.post(
        "/api/v1/creations",
        json={**WANTED, "namespace": namespace},
        headers=hub.as_user("maya"),
    )
    assert answer.status_code == 422
    assert answer.json()["details"]["causes"][0]["field"] == "namespace"


def step(name: str, phase: str, **status: str) -> dict[str, Any]:
    return {"metadata": {"name": f"w-{name}"}, "status": {"phase": phase, **status}}


READY = {
    "status": {
        "url": "http://shop.development.localhost:8621/",
        "conditions": [{"type": "Ready", "status": "True"}],
    }
}


@pytest.mark.parametrize(
    ("found", "state", "last"),
    [
        ({}, "Running", "answers"),
        ({"steps": [step("build", "Running")]}, "Running", "answers"),
        ({"steps": [step("build", "Failed", message="no")]}, "Failed", "answers"),
        ({"workflow": {"status": {"phase": "Error", "message": "x"}}}, "Failed", "answers"),
        ({"promotion": {"status": {"phase": "Failed", "message": "x"}}}, "Failed", "answers"),
        ({"application": READY}, "Running", "answers"),
        (
            {"application": READY, "promotion": {"status": {"phase": "Succeeded"}}},
            "Succeeded",
            "answers",
        ),
    ],
)
def test_progress(found: dict[str, Any], state: str, last: str) -> None:
    asked = {"workflow": None, "steps": [], "promotion": None, "application": None, **found}
    shown = describe("development", prefix="w-", **asked)
    assert shown.state == state
    assert shown.steps[-1].name == last
    assert bool(shown.url) == (state == "Succeeded")
