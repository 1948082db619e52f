"""A server to attack, and what makes sure that others are served meanwhile."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import aiohttp
import pytest
from yarl import URL

from idp.embedded.apiserver.server import ApiServer

T = TypeVar("T")

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
JSON = "application/json"
YAML = "application/yaml"


class Answer(NamedTuple):
    """Status, body (of a `Status` or an object) and what was said in it."""

    status: int
    body: Any

    @property
    def message(self) -> str:
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else ""


class Attacker:
    """Sends whatever it likes, with the administrator's token."""

    def __init__(self, session: aiohttp.ClientSession, server: ApiServer, token: str) -> None:
        self.session = session
        self.server = server
        self.token = token

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])

    async def send(
        self, method: str, path: str, body: Any = None, content_type: str = JSON, **headers: str
    ) -> Answer:
        """One request; the path goes out as it is written."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.request(
            method,
            URL(self.server.url + path, encoded=True),
            data=data,
            headers={"Content-Type": content_type, **headers},
        ) as response:
            raw = await response.read()
            parsed = json.loads(raw) if response.content_type.endswith("json") and raw else raw
            return Answer(response.status, parsed)

    async def refused(
        self, method: str, path: str, body: Any = None, content_type: str = JSON, **headers: str
    ) -> Answer:
        """A request that must be answered by a `Status` of the client's fault.

        Some of those have code 500 in the real server, and no reason; ours has one when it fails.
        """
        answer = await self.send(method, path, body, content_type, **headers)
        unexplained = answer.status == 500 and "reason" not in answer.body
        assert 400 <= answer.status < 500 or unexplained, answer
        assert answer.body["kind"] == "Status", answer
        assert answer.body["code"] == answer.status
        return answer

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to write bytes to."""
        context = ssl.create_default_context(cadata=self.server.certificate)
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context)

    async def alone(self, work: Awaitable[T]) -> tuple[T, int]:
        """Do something while another client asks again and again; gives how often it was served."""
        served = 0
        task = asyncio.ensure_future(work)
        while not task.done():
            answer = await self.send("GET", "/readyz")
            assert answer.status == 200
            served += 1
        return await task, served


@pytest.fixture
async def attacker(server: ApiServer) -> AsyncIterator[Attacker]:
    token = server.tokens.create("admin", ["system:masters"])
    context = ssl.create_default_context(cadata=server.certificate)
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield Attacker(session, server, token)


@pytest.fixture
async def deployment(attacker: Attacker) -> str:
    """The path of a deployment to patch."""
    manifest = {
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    }
    answer = await attacker.send("POST", DEPLOYMENTS, manifest)
    assert answer.status == 201
    return f"{DEPLOYMENTS}/web"


Define = Callable[..., Awaitable[Answer]]


@pytest.fixture
def define(attacker: Attacker) -> Define:
    """Sends a CustomResourceDefinition with a schema of `spec`."""

    async def send(spec: dict[str, Any], name: str = "trap") -> Answer:
        schema = {"type": "object", "properties": {"spec": spec}}
        version = {
            "name": "v1",
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": schema},
        }
        manifest = {
            "metadata": {"name": f"{name}s.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"kind": name.title(), "plural": f"{name}s"},
                "versions": [version],
            },
        }
        return await attacker.send("POST", DEFINITIONS, manifest)

    return send
