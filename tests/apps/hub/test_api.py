from __future__ import annotations

import pytest

from support.hub import PASSWORD, Hub


async def test_sign_in_look_and_sign_out(hub: Hub) -> None:
    answer = await hub.client.post("/api/v1/sessions", json={"name": "maya", "password": PASSWORD})
    session = answer.json()
    headers = {"Authorization": f"Bearer {session['token']}"}
    me = await hub.client.get("/api/v1/me", headers=headers)
    assert me.json() == {"name": "maya", "groups": ["idp:developers"], "disabled": False}
    assert (await hub.client.delete("/api/v1/sessions", headers=headers)).status_code == 204
    assert (await hub.client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_a_wrong_password_says_what_to_do_and_not_which_part_was_wrong(hub: Hub) -> None:
    answers = [
        await hub.client.post("/api/v1/sessions", json={"name": name, "password": "wrong"})
        for name in ("maya", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


async def test_only_administrators_manage_users(hub: Hub) -> None:
    body = {"password": PASSWORD, "groups": ["idp:administrators"]}
    for path, method in (("/api/v1/users/eve", "PUT"), ("/api/v1/users", "GET")):
        answer = await hub.client.request(method, path, json=body, headers=hub.as_user("maya"))
        assert answer.status_code == 403
    made = await hub.client.put("/api/v1/users/eve", json=body, headers=hub.as_user("admin"))
    assert made.status_code == 204
    listed = await hub.client.get("/api/v1/users", headers=hub.as_user("admin"))
    eve = {"name": "eve", "groups": ["idp:administrators"], "disabled": False}
    assert eve in listed.json()


async def test_nobody_becomes_an_instance(hub: Hub) -> None:
    body = {"password": PASSWORD, "groups": []}
    answer = await hub.client.put(
        "/api/v1/users/instance.production", json=body, headers=hub.as_user("admin")
    )
    assert answer.status_code == 403


async def test_the_overview_names_silent_instances(hub: Hub) -> None:
    answer = await hub.client.get("/api/v1/applications", headers=hub.as_user("maya"))
    assert answer.status_code == 200
    errors = {item["environment"]: item["error"] for item in answer.json()["instances"]}
    assert errors["development"] == ""
    assert errors["staging"]
    assert errors["uat"]


async def test_changes_need_a_credential(hub: Hub) -> None:
    assert (await hub.client.get("/api/v1/changes")).status_code == 401
    position = hub.changes.position
    hub.changes.add("git", "demo/hello")
    answer = await hub.client.get(
        f"/api/v1/changes?after={position}", headers=hub.as_user("instance.production")
    )
    assert answer.json() == {
        "position": position + 1,
        "changes": [{"service": "git", "repository": "demo/hello"}],
    }


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/users", "/api/v1/applications"])
async def test_every_view_needs_a_credential(hub: Hub, path: str) -> None:
    assert (await hub.client.get(path)).status_code == 401
