"""What goes over the wire: statuses, headers, limits, streams."""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import orjson
import pytest
import yaml

from idp.embedded.apiserver.local_client import LocalClient
from idp.embedded.apiserver.server import ApiServer
from idp.embedded.apiserver.verbs.continue_tokens import ContinueTokens, Start
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP, CUSTOM_RESOURCE_DEFINITION

MAPS = "/api/v1/namespaces/default/configmaps"
JSON = "application/json"


class Wire:
    """Raw requests with the administrator's token."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def ask(
        self, method: str, path: str, body: Any = None, **options: Any
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        headers = {"Content-Type": JSON, **options.pop("headers", {})}
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        data = io.BytesIO(raw) if body is not None else None
        async with self.session.request(
            method, self.url + path, data=data, headers=headers, **options
        ) as response:
            answer = await response.read()
            value = orjson.loads(answer) if response.content_type == JSON else answer
            return response.status, value, response

    async def lines(self, path: str, count: int) -> list[Any]:
        found: list[Any] = []
        async with asyncio.timeout(10), self.session.get(self.url + path) as response:
            async for line in response.content:
                found.append(orjson.loads(line))
                if len(found) == count:
                    break
        return found


@pytest.fixture
async def wire(server: ApiServer) -> AsyncIterator[Wire]:
    token = server.tokens.create("admin", ["system:masters"])
    context = ssl.create_default_context(cadata=server.certificate)
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield Wire(session, server.url)


def config(name: str, **data: str) -> Manifest:
    return {"metadata": {"name": name}, "data": data}


async def test_statuses_of_the_verbs(wire: Wire) -> None:
    status, created, _ = await wire.ask("POST", MAPS, config("a", x="1"))
    assert status == 201
    status, answer, _ = await wire.ask("POST", MAPS, config("a"))
    assert (status, answer["reason"]) == (409, "AlreadyExists")
    assert answer["details"] == {"name": "a", "kind": "configmaps"}
    status, answer, _ = await wire.ask("PUT", f"{MAPS}/a", {**created, "data": {"x": "2"}})
    assert status == 200
    status, answer, _ = await wire.ask("PUT", f"{MAPS}/a", created)
    assert (status, answer["reason"]) == (409, "Conflict")
    assert answer["message"].startswith('Operation cannot be fulfilled on configmaps "a": the')
    status, answer, _ = await wire.ask("DELETE", f"{MAPS}/a")
    assert (status, answer["status"]) == (200, "Success")
    assert answer["details"]["uid"] == created["metadata"]["uid"]
    status, answer, _ = await wire.ask("GET", f"{MAPS}/a")
    assert (status, answer["reason"]) == (404, "NotFound")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/apis/none.example.com/v1/things", 404),
        ("GET", "/api/v1/namespaces/default/nothing", 404),
        ("GET", "/api/v1/namespaces/default/configmaps/a/status", 404),
        ("GET", "/api/v1/namespaces/default/configmaps/a/b/c/d", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/namespaces/x/namespaces/y", 404),
        ("POST", "/api/v1/configmaps", 405),
        ("PUT", MAPS, 405),
        ("POST", f"{MAPS}/a", 405),
        ("GET", "/api/v1/namespaces/default/configmaps/..%2f..%2fsecrets", 404),
        ("GET", "//api//v1//namespaces", 200),
    ],
)
async def test_paths(wire: Wire, method: str, path: str, status: int) -> None:
    found, _, _ = await wire.ask(method, path, None if method == "GET" else config("a"))
    assert found == status


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[1]", {}, 400),
        (b'"text"', {}, 400),
        (b"\xff\xfe", {}, 400),
        (b'{"apiVersion":"v2"}', {}, 400),
        (b'{"kind":"Secret"}', {}, 400),
        (b'{"metadata":[]}', {}, 400),
        (b'{"metadata":{"name":1}}', {}, 400),
        (b'{"metadata":{"name":"a"},"data":{"x":1}}', {}, 400),
        (b'{"metadata":{"name":"A_B"}}', {}, 422),
        (b'{"metadata":{}}', {}, 422),
        (b'{"metadata":{"name":"a","namespace":"other"}}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"metadata":' * 5_000, {}, 400),
        (b"a: &a [*a]\n", {"Content-Type": "application/yaml"}, 400),
        (b"x", {"Content-Type": "text/plain"}, 415),
        (b"k8s\x00junk", {"Content-Type": "application/vnd.kubernetes.protobuf"}, 400),
    ],
)
async def test_bodies_that_are_refused(
    wire: Wire, body: bytes, headers: dict[str, str], status: int
) -> None:
    found, answer, _ = await wire.ask("POST", MAPS, body, headers=headers)
    assert found == status
    assert answer["kind"] == "Status"


async def test_a_body_over_the_limit_is_refused(wire: Wire) -> None:
    status, answer, _ = await wire.ask("POST", MAPS, b"x" * (3 * 1024 * 1024 + 1))
    assert (status, answer["reason"]) == (413, "RequestEntityTooLarge")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 1024 * 1024

    response = await wire.session.post(
        wire.url + MAPS, data=endless(), headers={"Content-Type": JSON}
    )
    assert response.status == 413
    response.close()


async def test_yaml_is_read(wire: Wire) -> None:
    body = b"metadata: {name: a}\ndata:\n  when: '2026-01-01'\n"
    status, answer, _ = await wire.ask(
        "POST", MAPS, body, headers={"Content-Type": "application/yaml"}
    )
    assert (status, answer["data"]) == (201, {"when": "2026-01-01"})


async def test_unknown_and_duplicate_fields(wire: Wire) -> None:
    body = b'{"metadata":{"name":"a","foo":1},"data":{"x":"1","x":"2"},"bar":{}}'
    status, answer, _ = await wire.ask("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert status == 400
    assert answer["message"].endswith(
        'strict decoding error: duplicate field "data.x", unknown field "metadata.foo", '
        'unknown field "bar"'
    )
    status, answer, response = await wire.ask("POST", MAPS, body)
    assert status == 201
    assert "bar" not in answer
    assert list(response.headers.getall("Warning")) == [
        '299 - "duplicate field \\"data.x\\""',
        '299 - "unknown field \\"metadata.foo\\""',
        '299 - "unknown field \\"bar\\""',
    ]
    status, _, response = await wire.ask("PUT", f"{MAPS}/a?fieldValidation=Ignore", body)
    assert status == 200
    assert "Warning" not in response.headers
    status, _, _ = await wire.ask("POST", f"{MAPS}?fieldValidation=Maybe", body)
    assert status == 422


async def test_pages_come_from_one_snapshot(wire: Wire, client: LocalClient) -> None:
    for name in "abcde":
        await client.create(
            CONFIG_MAP, {"metadata": {"name": name, "namespace": "default", "labels": {"p": "1"}}}
        )
    query = f"{MAPS}?labelSelector=p&limit=2"
    _, page, _ = await wire.ask("GET", query)
    names = [item["metadata"]["name"] for item in page["items"]]
    version = page["metadata"]["resourceVersion"]
    await client.delete(CONFIG_MAP, "e", "default")
    while token := page["metadata"].get("continue"):
        _, page, _ = await wire.ask("GET", f"{query}&continue={token}")
        names += [item["metadata"]["name"] for item in page["items"]]
        assert page["metadata"]["resourceVersion"] == version
    assert names == list("abcde")
    former = ContinueTokens().write(("/configmaps", "default"), Start(0, ("default", "a")))
    status, answer, _ = await wire.ask("GET", f"{query}&continue={former}")
    assert (status, answer["reason"]) == (410, "Expired")
    status, _, _ = await wire.ask("GET", f"{query}&continue=%%%")
    assert status == 400


async def test_a_long_list_is_the_same_in_both_formats(wire: Wire, client: LocalClient) -> None:
    text = "x" * 200_000  # more than is sent at a time, together
    for name in "ab":
        metadata = {"name": name, "namespace": "default", "labels": {"p": "1"}}
        await client.create(CONFIG_MAP, {"metadata": metadata, "data": {"t": text}})
    url = f"{wire.url}{MAPS}?labelSelector=p"
    async with wire.session.get(url) as answer:
        listed = await answer.json()
    assert [item["data"]["t"] for item in listed["items"]] == [text, text]
    async with wire.session.get(url, headers={"Accept": "application/yaml"}) as answer:
        assert answer.content_type == "application/yaml"
        assert yaml.safe_load(await answer.read())["items"] == listed["items"]


async def test_selectors_over_the_wire(wire: Wire) -> None:
    status, answer, _ = await wire.ask("GET", f"{MAPS}?fieldSelector=data.x=1")
    assert status == 400
    assert '"data.x" is not a known field selector' in answer["message"]
    status, _, _ = await wire.ask("GET", f"{MAPS}?labelSelector=a%20b%20c")
    assert status == 400
    status, _, _ = await wire.ask("GET", f"{MAPS}?limit=x")
    assert status == 400


async def test_watch_begins_with_the_present_state_and_says_so(
    wire: Wire, client: LocalClient
) -> None:
    await client.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "default"}})
    path = f"{MAPS}?watch=1&fieldSelector=metadata.name%3Da"
    initial = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    first, bookmark = await wire.lines(path + initial, 2)
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "a")
    assert bookmark["type"] == "BOOKMARK"
    annotations = bookmark["object"]["metadata"]["annotations"]
    assert annotations == {"k8s.io/initial-events-end": "true"}
    (only,) = await wire.lines(path, 1)
    assert only["type"] == "ADDED"


async def test_watch_ends_with_its_time(wire: Wire) -> None:
    status, body, _ = await wire.ask("GET", f"{MAPS}?watch=1&resourceVersion=0&timeoutSeconds=1")
    assert status == 200
    assert b"ERROR" not in body if isinstance(body, bytes) else True


async def test_watch_of_an_old_version_is_an_error_event(wire: Wire) -> None:
    (event,) = await wire.lines(f"{MAPS}?watch=1&resourceVersion=99999999", 1)
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")


async def test_objects_enter_and_leave_a_selection(wire: Wire, client: LocalClient) -> None:
    listed = await client.list(CONFIG_MAP, "default")
    path = f"{MAPS}?watch=1&labelSelector=app%3Dx&resourceVersion={listed.resource_version}"
    manifest: Manifest = {"metadata": {"name": "a", "namespace": "default"}}
    await client.create(CONFIG_MAP, manifest)
    for label in ("x", "y", "x"):
        patch: Manifest = {"metadata": {"labels": {"app": label}}}
        await client.patch(CONFIG_MAP, "a", patch, "default")
    await client.delete(CONFIG_MAP, "a", "default")
    events = await wire.lines(path, 4)
    assert [event["type"] for event in events] == ["ADDED", "DELETED", "ADDED", "DELETED"]


async def test_a_table(wire: Wire, client: LocalClient) -> None:
    await client.create(CONFIG_MAP, {"metadata": {"name": "a", "namespace": "default"}})
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
    _, table, _ = await wire.ask("GET", f"{MAPS}?fieldSelector=metadata.name=a", headers=accept)
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    (row,) = table["rows"]
    assert row["cells"][:2] == ["a", 0]
    assert row["object"]["kind"] == "PartialObjectMetadata"


async def test_dry_run_over_the_wire(wire: Wire) -> None:
    status, answer, _ = await wire.ask("POST", f"{MAPS}?dryRun=All", config("a"))
    assert status == 201
    assert answer["metadata"]["uid"]
    assert (await wire.ask("GET", f"{MAPS}/a"))[0] == 404
    assert (await wire.ask("POST", f"{MAPS}?dryRun=Some", config("a")))[0] == 422


async def test_patches_over_the_wire(wire: Wire) -> None:
    await wire.ask("POST", MAPS, config("a", x="1"))
    json_patch = [{"op": "test", "path": "/data/x", "value": "9"}]
    headers = {"Content-Type": "application/json-patch+json"}
    status, answer, _ = await wire.ask("PATCH", f"{MAPS}/a", json_patch, headers=headers)
    assert (status, answer["reason"]) == (422, "Invalid")
    headers = {"Content-Type": "application/merge-patch+json"}
    status, answer, _ = await wire.ask("PATCH", f"{MAPS}/a", {"data": {"y": "2"}}, headers=headers)
    assert (status, answer["data"]) == (200, {"x": "1", "y": "2"})
    status, _, _ = await wire.ask("PATCH", f"{MAPS}/a", {"data": {}})
    assert status == 415
    apply = {"Content-Type": "application/apply-patch+yaml"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config("b", z="1")}
    status, answer, _ = await wire.ask("PATCH", f"{MAPS}/b", body, headers=apply)
    assert status == 422
    status, answer, _ = await wire.ask("PATCH", f"{MAPS}/b?fieldManager=me", body, headers=apply)
    assert status == 201
    (entry,) = answer["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("me", "Apply")
    assert entry["fieldsV1"] == {"f:data": {"f:z": {}}}


async def test_delete_collection(wire: Wire, client: LocalClient) -> None:
    for name in "abc":
        labels = {"app": "x" if name != "c" else "y"}
        await client.create(
            CONFIG_MAP, {"metadata": {"name": name, "namespace": "default", "labels": labels}}
        )
    status, answer, _ = await wire.ask("DELETE", f"{MAPS}?labelSelector=app%3Dx")
    assert status == 200
    assert [item["metadata"]["name"] for item in answer["items"]] == ["a", "b"]
    listed = await client.list(CONFIG_MAP, "default", label_selector="app")
    assert [item["metadata"]["name"] for item in listed.items] == ["c"]


async def test_nobody_gets_health_only(server: ApiServer) -> None:
    context = ssl.create_default_context(cadata=server.certificate)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        for path, status in (("/healthz", 200), ("/version", 200), ("/api/v1/pods", 403)):
            async with session.get(server.url + path) as response:
                assert response.status == status
        headers = {"Authorization": "Bearer wrong"}
        async with session.get(server.url + "/healthz", headers=headers) as response:
            assert response.status == 401


async def test_discovery_names_custom_kinds_at_once(
    wire: Wire, client: LocalClient, widget_definition: Callable[..., Manifest]
) -> None:
    assert (await wire.ask("GET", "/apis/example.com/v1"))[0] == 404
    await client.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
    _, listed, _ = await wire.ask("GET", "/apis/example.com/v1")
    assert [r["name"] for r in listed["resources"]] == ["widgets", "widgets/status"]
    _, index, _ = await wire.ask("GET", "/openapi/v3")
    url = index["paths"]["apis/example.com/v1"]["serverRelativeURL"]
    _, document, _ = await wire.ask("GET", url)
    assert "com.example.v1.Widget" in document["components"]["schemas"]
    accept = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    _, groups, response = await wire.ask("GET", "/apis", headers=accept)
    assert "example.com" in [item["metadata"].get("name") for item in groups["items"]]
    again = {**accept, "If-None-Match": response.headers["ETag"]}
    assert (await wire.ask("GET", "/apis", headers=again))[0] == 304
