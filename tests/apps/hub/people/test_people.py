"""Users, sessions and tokens: what ends what, and who may."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from idp.apps.hub.access import HubAccess
from idp.apps.hub.people.roles import grants
from support.hub import PASSWORD, Hub, Upstream

NEW = "another long password"


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"password": NEW}),
        ("PATCH", {"disabled": True}),
        ("PUT", {"password": NEW, "groups": ["idp:developers"]}),
    ],
)
async def test_what_an_administrator_changes_ends_every_session(
    hub: Hub, method: str, body: dict[str, Any]
) -> None:
    command_line, token = hub.as_user("maya"), hub.as_user("maya")
    other = hub.as_user("admin")
    answer = await hub.client.request(
        method, "/api/v1/users/maya", json=body, headers=hub.as_user("admin")
    )
    assert answer.status_code == 204, answer.text
    for headers in (command_line, token):
        assert (await hub.client.get("/api/v1/me", headers=headers)).status_code == 401
    assert (await hub.client.get("/api/v1/me", headers=other)).status_code == 200


async def test_who_is_disabled_does_not_come_in_by_any_door(hub: Hub) -> None:
    assert hub.users.authenticate("maya", PASSWORD) is not None
    admin = hub.as_user("admin")
    await hub.client.patch("/api/v1/users/maya", json={"disabled": True}, headers=admin)
    credential = {"name": "maya", "password": PASSWORD}
    assert (await hub.client.post("/api/v1/sessions", json=credential)).status_code == 401
    basic = base64.b64encode(f"maya:{PASSWORD}".encode()).decode()
    asked = await hub.client.get("/api/v1/me", headers={"Authorization": f"Basic {basic}"})
    assert asked.status_code == 401
    await hub.client.patch("/api/v1/users/maya", json={"disabled": False}, headers=admin)
    assert (await hub.client.post("/api/v1/sessions", json=credential)).status_code == 200


async def test_other_groups_hold_at_once_and_end_nothing(hub: Hub) -> None:
    maya, admin = hub.as_user("maya"), hub.as_user("admin")
    change = {"groups": ["idp:viewers"]}
    await hub.client.patch("/api/v1/users/maya", json=change, headers=admin)
    assert (await hub.client.get("/api/v1/me", headers=maya)).json()["groups"] == ["idp:viewers"]


@pytest.mark.parametrize("change", [{"disabled": True}, {"groups": ["idp:viewers"]}])
async def test_the_last_administrator_stays(hub: Hub, change: dict[str, Any]) -> None:
    answer = await hub.client.patch(
        "/api/v1/users/admin", json=change, headers=hub.as_user("admin")
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/v1/users/maya"),
        ("PATCH", "/api/v1/users/admin"),
        ("GET", "/api/v1/sessions?user=admin"),
        ("DELETE", "/api/v1/sessions/x?user=admin"),
    ],
)
async def test_nobody_gets_rights_by_an_address(hub: Hub, method: str, path: str) -> None:
    body = {"groups": ["idp:administrators"]} if method == "PATCH" else None
    answer = await hub.client.request(method, path, json=body, headers=hub.as_user("maya"))
    assert answer.status_code == 403


async def test_sessions_are_listed_and_ended(hub: Hub) -> None:
    own, lost = hub.as_user("maya"), hub.as_user("maya")
    listed = (await hub.client.get("/api/v1/sessions", headers=own)).json()
    assert [session["current"] for session in listed].count(True) == 1
    other = next(session for session in listed if not session["current"])
    path = f"/api/v1/sessions/{other['id']}"
    assert (await hub.client.delete(path, headers=own)).status_code == 204
    assert (await hub.client.get("/api/v1/me", headers=lost)).status_code == 401
    assert (await hub.client.delete(path, headers=own)).status_code == 404
    admin = hub.as_user("admin")
    mine = (await hub.client.get("/api/v1/sessions?user=maya", headers=admin)).json()
    path = f"/api/v1/sessions/{mine[0]['id']}"
    # One's own sessions only, unless one says whose.
    assert (await hub.client.delete(path, headers=admin)).status_code == 404
    assert (await hub.client.delete(f"{path}?user=maya", headers=admin)).status_code == 204
    assert (await hub.client.get("/api/v1/me", headers=own)).status_code == 401


async def make_token(hub: Hub, scope: str) -> dict[str, str]:
    wanted = {"label": "report", "scope": scope, "days": 30}
    made = await hub.client.post("/api/v1/tokens", json=wanted, headers=hub.as_user("maya"))
    assert made.status_code == 201
    return {"Authorization": f"Bearer {made.json()['token']}"}


async def test_a_token_that_reads_changes_nothing(hub: Hub, upstream: Upstream) -> None:
    token = await make_token(hub, "read")
    read = await hub.client.get("/instances/development/api", headers=token)
    assert read.status_code == 200
    for method, path in (
        ("POST", "/instances/development/api/v1/namespaces"),
        ("DELETE", "/instances/development/api/v1/namespaces/demo"),
        ("POST", "/api/v1/promotions"),
        ("POST", "/api/v1/creations"),
        ("POST", "/api/v1/tokens"),
    ):
        answer = await hub.client.request(method, path, json={}, headers=token)
        assert answer.status_code == 403, path
        assert answer.json()["message"] == "this token may only read"
    assert [request.method for request in upstream.requests] == ["GET"]


async def test_git_knows_the_scope_too(hub: Hub) -> None:
    async def everything(*_: object) -> bool:
        return True

    access = HubAccess(hub.users, "development", everything)
    for scope, pushes in (("read", False), ("everything", True)):
        secret = (await make_token(hub, scope))["Authorization"].removeprefix("Bearer ")
        principal = await access.authenticate("maya", secret)
        assert await access.allowed(principal, "git", "demo/shop", "pull")
        assert await access.allowed(principal, "git", "demo/shop", "push") is pushes


async def test_a_token_makes_no_tokens(hub: Hub) -> None:
    wanted = {"label": "more", "scope": "everything", "days": 1}
    token = await make_token(hub, "everything")
    answer = await hub.client.post("/api/v1/tokens", json=wanted, headers=token)
    assert answer.status_code == 403


async def test_the_secret_is_shown_once(hub: Hub) -> None:
    token = await make_token(hub, "read")
    listed = await hub.client.get("/api/v1/sessions", headers=token)
    (kept,) = [s for s in listed.json() if s["kind"] == "token"]
    assert (kept["label"], kept["scope"], kept["current"]) == ("report", "read", True)
    assert token["Authorization"].removeprefix("Bearer ") not in listed.text


@pytest.mark.parametrize("wrong", [{"days": 0}, {"days": 400}, {"scope": "all"}, {"label": " "}])
async def test_a_token_without_limits_is_refused(hub: Hub, wrong: dict[str, Any]) -> None:
    body = {"label": "x", "scope": "read", "days": 1, **wrong}
    answer = await hub.client.post("/api/v1/tokens", json=body, headers=hub.as_user("maya"))
    assert answer.status_code == 422


def test_grants_name_people_and_what_their_role_allows() -> None:
    def binding(role: str, *subjects: tuple[str, str], namespace: str = "") -> dict[str, Any]:
        kind = "Role" if namespace else "ClusterRole"
        return {
            "metadata": {"name": role, **({"namespace": namespace} if namespace else {})},
            "roleRef": {"kind": kind, "name": role},
            "subjects": [{"kind": kind, "name": name} for kind, name in subjects],
        }

    def role(name: str, verb: str, **metadata: str) -> dict[str, Any]:
        rules = [
            {"verbs": [verb], "apiGroups": ["platform.idp"], "resources": ["promotions"]},
            {"verbs": ["get"], "nonResourceURLs": ["/healthz"]},
        ]
        return {"metadata": {"name": name, **metadata}, "rules": rules}

    found = grants(
        {
            "ClusterRole": [role("approver", "approve")],
            "ClusterRoleBinding": [
                binding("approver", ("Group", "idp:approvers:uat"), ("Group", "system:masters")),
                binding("approver", ("ServiceAccount", "argocd")),
            ],
            "Role": [role("approver", "get", namespace="demo")],
            "RoleBinding": [binding("approver", ("User", "maya"), namespace="demo")],
        }
    )
    assert [(g.subject, g.namespace, [r.verbs for r in g.rules]) for g in found] == [
        ("idp:approvers:uat", "", [["approve"]]),
        ("maya", "demo", [["get"]]),
    ]
