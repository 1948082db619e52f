"""Paths, queries, selectors, names, tokens, patches."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import jwt
import pytest

from embedded.apiserver.hostile.conftest import MAPS, Attacker
from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer
from idp.kernel.standard import CONFIG_MAP

JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


# Paths and names


@pytest.mark.parametrize(
    "path",
    [
        f"{MAPS}/../secrets",
        "/../../etc/passwd",
        "/api/v1/..%2f..%2fsecrets",
        "/api/v1/namespaces/%2e%2e/configmaps/a",
        f"{MAPS}/%00",
        f"{MAPS}/%ff%fe",
        f"{MAPS}/a%0d%0aX-Injected:%201",
        f"{MAPS}/{'a' * 7000}",
        "/api/v1/namespaces/default%2fconfigmaps/a",
        "/openapi/v3/apis/..%2f..",
        "/openapi/v3/" + "a/" * 3000,
    ],
    ids=lambda path: path[:40],
)
async def test_paths_lead_nowhere(attacker: Attacker, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "WHATEVER"):
        answer = await attacker.send(method, path, {} if method in ("POST", "PUT") else None)
        assert answer.status in (400, 404, 405, 422), (method, answer)


async def test_a_request_line_without_end_is_refused(attacker: Attacker) -> None:
    reader, writer = await attacker.raw()
    writer.write(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.0 400") or not await reader.read(1)
    writer.transport.abort()


async def test_very_many_headers_are_refused_or_ignored(attacker: Attacker) -> None:
    headers = {f"X-H{number}": "x" for number in range(5_000)}
    answer = await attacker.send("GET", MAPS, **headers)
    assert answer.status in (200, 400, 431)


@pytest.mark.parametrize(
    "name",
    [
        "a" * 254,
        "a" * 300_000,
        "é",
        "a\0",
        "a/b",
        "A",
        ".",
        "..",
        "-a",
        "a-",
        "a\u202e",
        "ａ",
        "a\n",
    ],
    ids=lambda name: ascii(name[:8]),
)
async def test_names(attacker: Attacker, name: str) -> None:
    for metadata in (
        {"name": name},
        {"name": "b", "labels": {name + " ": "x"}},
        {"name": "b", "labels": {"x": name + " "}},
        {"name": "b", "namespace": name},
    ):
        await attacker.refused("POST", MAPS, {"metadata": metadata})
    assert (await attacker.send("POST", MAPS, {"metadata": {"name": "a" * 253}})).status == 201


# Queries


@pytest.mark.parametrize(
    "query",
    [
        "limit=99999999999999999999", "limit=1.5", "limit=%C2%B2",
        "continue=x", "continue=" + "A" * 7000, "continue=%00",
        "continue=" + base64.urlsafe_b64encode(b"\xff").decode(),
        "continue=" + base64.urlsafe_b64encode(b"a:-5").decode(),
        "continue=" + base64.urlsafe_b64encode(b"a:1").decode(),
        "watch=true&resourceVersion=-1", "watch=true&resourceVersion=99999999999999999999",
        "watch=true&timeoutSeconds=x",
        "labelSelector=" + quote("a=(b"), "labelSelector=" + quote("a in (" * 300),
        "labelSelector=" + quote("(a" * 1500), "labelSelector=" + quote("a.-" * 2300),
        "labelSelector=%00", "labelSelector=%C3%A9%3D1", "labelSelector=a" + "%20" * 2000 + "b",
        "fieldSelector=a%3Db", "fieldSelector=" + quote("metadata.name" * 500),
    ],
    ids=lambda query: query[:48],
)  # fmt: skip
async def test_queries_that_mean_nothing(attacker: Attacker, query: str) -> None:
    await attacker.refused("GET", f"{MAPS}?{query}")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "timeoutSeconds=0", "labelSelector=" + "," * 4000]
)
async def test_queries_that_mean_everything(attacker: Attacker, query: str) -> None:
    answer = await attacker.send("GET", f"{MAPS}?{query}")
    assert answer.status == 200
    assert answer.body["kind"] == "ConfigMapList"


async def test_a_watch_of_negative_length_ends_at_once(attacker: Attacker) -> None:
    answer = await attacker.send("GET", f"{MAPS}?watch=true&timeoutSeconds=-1&resourceVersion=0")
    assert answer.status == 200


async def test_a_continue_token_opens_only_its_own_list(
    attacker: Attacker, client: LocalClient
) -> None:
    for name in ("a", "b"):
        await client.create(CONFIG_MAP, {"metadata": {"name": name, "namespace": "default"}})
    page = await attacker.send("GET", f"{MAPS}?limit=1")
    token = quote(page.body["metadata"]["continue"])
    elsewhere = ("/api/v1/namespaces/default/secrets", "/api/v1/namespaces/kube-system/configmaps")
    for path in elsewhere:
        answer = await attacker.refused("GET", f"{path}?limit=1&continue={token}")
        assert "given for another list" in answer.message
    rest = await attacker.send("GET", f"{MAPS}?continue={token}")
    assert rest.body["items"][0]["metadata"]["name"] in ("a", "b", "kube-root-ca.crt")


# Patches


@pytest.mark.parametrize(
    "operations",
    [
        5, None, {}, [5], [None],
        [{"op": "remove", "path": ""}],
        [{"op": "replace", "path": "", "value": 1}],
        [{"op": "move", "from": "/spec", "path": "/spec/x"}],
        [{"op": ["add"], "path": "/a", "value": 1}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "copy", "path": "/spec"}],
        *(
            [{"op": "replace", "path": f"/spec/template/spec/containers/{index}", "value": {}}]
            for index in ("²", "٣", "-1", "1_0", "9" * 5000, "1e1", "-")
        ),
    ],
    ids=lambda value: json.dumps(value)[:50],
)  # fmt: skip
async def test_odd_json_patches(attacker: Attacker, deployment: str, operations: Any) -> None:
    await attacker.refused("PATCH", deployment, operations, JSON_PATCH)


async def test_a_json_patch_that_doubles_and_doubles(attacker: Attacker, deployment: str) -> None:
    annotations = "/metadata/annotations"
    operations = [{"op": "add", "path": annotations, "value": {"a": "x" * 1000}}]
    operations += [
        {"op": "copy", "from": annotations, "path": f"{annotations}/{n}"} for n in range(40)
    ]
    answer = await attacker.refused("PATCH", deployment, operations, JSON_PATCH)
    assert "accumulated size increase of copy" in answer.message


def container(*items: Any, **fields: Any) -> dict[str, Any]:
    spec = {"containers": list(items)} if items else fields
    return {"spec": {"template": {"spec": spec}}}


@pytest.mark.parametrize(
    "patch",
    [
        {"$patch": "nope"}, {"$patch": 5}, {"$foo": 1},
        {"spec": {"$retainKeys": 5}},
        container(5), container({"$patch": "replace"}, 5), container({"$patch": "delete"}),
        container({"name": {}}), container({"name": None}),
        container(**{"$setElementOrder/containers": 5}),
        container(**{"$deleteFromPrimitiveList/containers": 5}),
        {"metadata": 5}, {"metadata": {"finalizers": [{"a": 1}]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": {"a": 1}}},
    ],
    ids=lambda value: json.dumps(value)[:60],
)  # fmt: skip
async def test_odd_strategic_patches(attacker: Attacker, deployment: str, patch: Any) -> None:
    await attacker.refused("PATCH", deployment, patch, STRATEGIC)


async def test_long_lists_merge_in_a_moment(attacker: Attacker, deployment: str) -> None:
    containers = [{"name": f"c{n}", "image": "i"} for n in range(2_000)]
    order = [{"name": item["name"]} for item in reversed(containers)]
    patch = container(**{"containers": containers, "$setElementOrder/containers": order})
    answer = await attacker.send("PATCH", deployment, patch, STRATEGIC)
    assert answer.status == 200
    merged = answer.body["spec"]["template"]["spec"]["containers"]
    assert [item["name"] for item in merged][:2] == ["c1999", "c1998"]


# Tokens


def signed_with_what_is_public(claims: dict[str, Any], public: str) -> str:
    parts = [json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps(claims)]
    signed = b".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in parts)
    signature = hmac.digest(public.encode(), signed, "sha256")
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


async def test_tokens_that_are_forged(attacker: Attacker, server: ApiServer) -> None:
    account = "/api/v1/namespaces/default/serviceaccounts/default/token"
    issued = await attacker.send("POST", account, {"spec": {"expirationSeconds": 600}})
    genuine: str = issued.body["status"]["token"]
    claims = jwt.decode(genuine, options={"verify_signature": False})
    keys = (await attacker.send("GET", "/openid/v1/jwks")).body["keys"]
    other = await attacker.send("POST", account, {"spec": {"audiences": ["vault"]}})
    header, payload, signature = genuine.split(".")
    raised = {**claims, "sub": "system:serviceaccount:kube-system:default"}
    forged = [
        jwt.encode(claims, "", "none"),
        signed_with_what_is_public(claims, json.dumps(keys[0])),
        jwt.encode({**claims, "exp": claims["iat"] - 1}, "x" * 32, "HS256"),
        f"{header}.{payload}.",
        f"{header}.{base64.urlsafe_b64encode(json.dumps(raised).encode()).decode()}.{signature}",
        other.body["status"]["token"],
        "a" * 7000,
        "a.b.c",
        "..",
    ]
    attacker.session.headers.pop("Authorization")
    for token in forged:
        answer = await attacker.send("GET", MAPS, Authorization=f"Bearer {token}")
        assert (answer.status, answer.body["reason"]) == (401, "Unauthorized"), token[:60]
    # The genuine one is known, and may do nothing here.
    answer = await attacker.send("GET", MAPS, Authorization=f"Bearer {genuine}")
    assert answer.status == 403
    assert timedelta(seconds=claims["exp"] - claims["iat"]) == timedelta(minutes=10)
