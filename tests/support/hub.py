"""The hub and the API servers behind it, as tests see them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from aiohttp import web

from idp.apps.hub.changes import Changes
from idp.apps.hub.instances import Instances
from idp.apps.hub.users import Users

PASSWORD = "correct horse battery"


@dataclass
class Upstream:
    """An API server that answers with what it was asked, and remembers it."""

    requests: list[web.Request] = field(default_factory=list)
    url: str = ""
    watched: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    """`METHOD path` -> status and body, for what a test wants answered otherwise."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if (known := self.answers.get(f"{request.method} {request.path}")) is not None:
            return web.json_response(known[1], status=known[0])
        if request.query.get("watch"):
            self.watched.set()
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            for number in range(3):
                await response.write(f'{{"number": {number}}}\n'.encode())
            return response
        return web.json_response(
            {"path": request.raw_path, "metadata": {"resourceVersion": "1"}, "items": []},
            headers={"X-Internal": "hidden", "Warning": '299 - "careful"'},
        )


@dataclass
class Instance:
    """An API server that serves a few objects, and says who may do what.

    Attributes:
        objects: Plural -> manifests, in any namespace.
        allowed: What access reviews allow: user, verb, `plural.group`.
        asked: The access reviews that came.
        changes: What was created, patched or deleted: user, method, path, body.
    """

    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    allowed: set[tuple[str, str, str]] = field(default_factory=set)
    asked: list[dict[str, Any]] = field(default_factory=list)
    changes: list[tuple[str, str, str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        user = request.headers.get("Impersonate-User", "")
        parts = request.path.strip("/").split("/")
        parts = parts[3:] if parts[0] == "apis" else parts[2:]
        namespace = parts[1] if parts[0] == "namespaces" and len(parts) > 2 else ""
        plural, *rest = parts[2:] if namespace else parts
        if plural == "selfsubjectaccessreviews":
            attributes = (await request.json())["spec"]["resourceAttributes"]
            self.asked.append({"user": user, **attributes})
            right = f"{attributes['resource']}.{attributes['group']}"
            allowed = (user, attributes["verb"], right) in self.allowed
            return web.json_response({"status": {"allowed": allowed}})
        if request.method != "GET":
            body = json.loads(await request.read() or b"{}")
            self.changes.append((user, request.method, request.path, body))
            meta = {"name": "made", "namespace": namespace, **body.get("metadata", {})}
            return web.json_response({**body, "metadata": meta})
        found = [
            manifest
            for manifest in self.objects.get(plural, [])
            if namespace in ("", manifest["metadata"].get("namespace", ""))
        ]
        if not rest:
            return web.json_response({"metadata": {"resourceVersion": "1"}, "items": found})
        named = [m for m in found if m["metadata"]["name"] == rest[0]]
        if not named:
            body = {"kind": "Status", "reason": "NotFound", "message": "not found", "code": 404}
            return web.json_response(body, status=404)
        return web.json_response(named[0])


def write_kubeconfig(path: Path, server: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "x",
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                "clusters": [{"name": "x", "cluster": {"server": server}}],
                "users": [{"name": "x", "user": {"token": "hub-token"}}],
            }
        )
    )


@dataclass
class Hub:
    """The hub without Git and registry, reached in memory."""

    client: httpx.AsyncClient
    users: Users
    changes: Changes
    instances: Instances

    def as_user(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.users.open_session(name)[0]}"}
