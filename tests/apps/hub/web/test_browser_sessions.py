"""What a browser's session allows, and what other sites cannot do with it."""

from __future__ import annotations

import httpx
import pytest

from idp.apps.hub.web.cookies import csrf_token
from support.hub import PASSWORD, Hub, Upstream

OWN = {"Origin": "http://hub"}
COOKIE = "idp-session"
PROMOTION = {
    "environment": "development",
    "namespace": "demo",
    "application": "hello",
    "release": "hello-r1",
}


async def sign_in(hub: Hub, name: str = "maya", **headers: str) -> httpx.Response:
    credential = {"name": name, "password": PASSWORD}
    return await hub.client.post("/api/v1/session", json=credential, headers={**OWN, **headers})


async def test_a_browser_signs_in_and_out(hub: Hub) -> None:
    assert (await hub.client.get("/api/v1/session")).json() is None
    answer = await sign_in(hub)
    assert answer.json()["user"] == "maya"
    cookie = answer.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.replace(" ", "").split(";"))
    assert (await hub.client.get("/api/v1/session")).json()["groups"] == ["idp:developers"]
    token = hub.client.cookies[COOKIE]
    proof = {**OWN, "X-CSRF-Token": answer.json()["csrf"]}
    assert (await hub.client.delete("/api/v1/session", headers=proof)).status_code == 204
    assert COOKIE not in hub.client.cookies
    assert hub.users.session(token) is None


async def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(hub: Hub) -> None:
    answer = await hub.client.post(
        "https://hub/api/v1/session",
        json={"name": "maya", "password": PASSWORD},
        headers={"Origin": "https://hub"},
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-idp-session=")
    assert "Secure" in cookie


async def test_the_port_is_in_the_name_so_that_platforms_do_not_share_it(hub: Hub) -> None:
    answer = await hub.client.post(
        "http://hub:8600/api/v1/session",
        json={"name": "maya", "password": PASSWORD},
        headers={"Origin": "http://hub:8600"},
    )
    assert answer.headers["set-cookie"].startswith("idp-session-8600=")


async def test_a_planted_session_is_not_taken_over(hub: Hub) -> None:
    """Fixation: whoever planted a token does not become who signs in."""
    planted, _ = hub.users.open_session("admin")
    hub.client.cookies.set(COOKIE, planted, domain="hub.local")
    await sign_in(hub)
    assert hub.client.cookies.get(COOKIE, domain="hub.local", default="") != planted
    first = (await sign_in(hub)).cookies[COOKIE]
    second = (await sign_in(hub)).cookies[COOKIE]
    assert first != second
    assert hub.users.session(first) is None, "the former session of this browser ended"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "http://hub:8601"},
        {"Origin": "https://hub"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_change_from_elsewhere_is_refused(hub: Hub, headers: dict[str, str]) -> None:
    """Even with the right token: the cookie alone, sent by another page, does nothing."""
    csrf = (await sign_in(hub)).json()["csrf"]
    answer = await hub.client.post(
        "/api/v1/promotions", json=PROMOTION, headers={"X-CSRF-Token": csrf, **headers}
    )
    assert answer.status_code == 403
    assert "not from http://hub" in answer.json()["message"]


@pytest.mark.parametrize("token", ["", "wrong", csrf_token("another session")])
async def test_a_change_without_the_token_is_refused(hub: Hub, token: str) -> None:
    await sign_in(hub)
    for method, path in (
        ("POST", "/api/v1/promotions"),
        ("POST", "/api/v1/rollbacks"),
        ("POST", "/api/v1/approvals"),
        ("DELETE", "/api/v1/session"),
        ("POST", "/instances/development/api/v1/namespaces"),
        ("PUT", "/api/v1/users/eve"),
    ):
        headers = {**OWN, "X-CSRF-Token": token}
        answer = await hub.client.request(method, path, json=PROMOTION, headers=headers)
        assert answer.status_code == 403, path
        assert "x-csrf-token" in answer.json()["message"], path


async def test_another_site_cannot_sign_its_victim_in(hub: Hub) -> None:
    answer = await sign_in(hub, Origin="http://evil.example")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_programs_need_no_token(hub: Hub, upstream: Upstream) -> None:
    answer = await hub.client.post(
        "/instances/development/api/v1/namespaces", json={}, headers=hub.as_user("maya")
    )
    assert answer.status_code == 200
    assert upstream.requests[-1].headers["Impersonate-User"] == "maya"


async def test_instances_have_no_session(hub: Hub) -> None:
    assert (await sign_in(hub, "instance.production")).status_code == 401


async def test_trying_many_names_is_slowed_down(hub: Hub) -> None:
    statuses = []
    for n in range(25):
        answer = await hub.client.post(
            "/api/v1/session", json={"name": f"nobody{n}", "password": "x"}, headers=OWN
        )
        statuses.append(answer.status_code)
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert (await sign_in(hub)).status_code == 429
    assert (await sign_in(hub)).headers["retry-after"]
