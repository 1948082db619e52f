from __future__ import annotations

import base64

from support.hub import Hub, Upstream

PODS = "/instances/development/api/v1/namespaces/demo/pods"


async def test_the_caller_is_impersonated_with_groups(hub: Hub, upstream: Upstream) -> None:
    answer = await hub.client.get(PODS, headers=hub.as_user("maya"))
    assert answer.status_code == 200
    (request,) = upstream.requests
    assert request.headers["Impersonate-User"] == "maya"
    assert request.headers.getall("Impersonate-Group") == [
        "idp:developers",
        "system:authenticated",
    ]


async def test_the_callers_own_credential_and_impersonation_stay_outside(
    hub: Hub, upstream: Upstream
) -> None:
    headers = hub.as_user("maya") | {
        "Impersonate-User": "admin",
        "Impersonate-Group": "system:masters",
        "Impersonate-Extra-scopes": "all",
        "X-Remote-User": "admin",
    }
    await hub.client.get(PODS, headers=headers)
    (request,) = upstream.requests
    assert request.headers.getall("Impersonate-User") == ["maya"]
    assert "system:masters" not in request.headers.getall("Impersonate-Group")
    assert "Impersonate-Extra-scopes" not in request.headers
    assert "X-Remote-User" not in request.headers
    assert headers["Authorization"] not in request.headers.getall("Authorization", [])


async def test_paths_and_queries_pass_unchanged(hub: Hub, upstream: Upstream) -> None:
    query = "labelSelector=a%20in%20(b%2Cc)&fieldSelector=metadata.name%3Dx"
    await hub.client.get(f"{PODS}/a%2Fb?{query}", headers=hub.as_user("maya"))
    assert upstream.requests[0].raw_path == f"/api/v1/namespaces/demo/pods/a%2Fb?{query}"


async def test_watches_are_streamed(hub: Hub) -> None:
    answer = await hub.client.get(f"{PODS}?watch=true", headers=hub.as_user("maya"))
    assert answer.text.splitlines() == ['{"number": 0}', '{"number": 1}', '{"number": 2}']


async def test_only_known_headers_come_back(hub: Hub) -> None:
    answer = await hub.client.get(PODS, headers=hub.as_user("maya"))
    assert answer.headers["warning"] == '299 - "careful"'
    assert "x-internal" not in answer.headers


async def test_nobody_gets_through(hub: Hub, upstream: Upstream) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic !!"},
        {"Authorization": "Basic " + base64.b64encode(b"maya:wrong").decode()},
        {"Authorization": "Negotiate abc"},
    ):
        answer = await hub.client.get(PODS, headers=headers)
        assert answer.status_code == 401, headers
        assert answer.json()["reason"] == "Unauthorized"
    assert upstream.requests == []


async def test_an_instance_has_no_rights_in_another(hub: Hub, upstream: Upstream) -> None:
    credential = base64.b64encode(b"instance.production:correct horse battery").decode()
    answer = await hub.client.get(PODS, headers={"Authorization": f"Basic {credential}"})
    assert answer.status_code == 403
    token = hub.users.open_session("instance.production")[0]
    answer = await hub.client.get(PODS, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert upstream.requests == []


async def test_a_dead_instance_says_so(hub: Hub) -> None:
    for environment in ("uat", "staging"):
        path = f"/instances/{environment}/api/v1/pods"
        answer = await hub.client.get(path, headers=hub.as_user("maya"))
        assert answer.status_code == 503
        assert environment in answer.json()["message"]
        assert "idp-cli" in answer.json()["details"]["remedy"]


async def test_an_unknown_environment(hub: Hub) -> None:
    answer = await hub.client.get("/instances/moon/api", headers=hub.as_user("maya"))
    assert answer.status_code == 404


async def test_a_body_that_is_too_large_is_refused(hub: Hub, upstream: Upstream) -> None:
    answer = await hub.client.post(PODS, content=b"x" * (5 * 2**20), headers=hub.as_user("maya"))
    assert answer.status_code == 413
    assert upstream.requests == []
