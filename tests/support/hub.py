"""The hub and the API servers behind it, as tests see them."""

from __future__ import annotations

import asyncio
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
