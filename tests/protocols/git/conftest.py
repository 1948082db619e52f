"""A Git server to run the client against."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from idp.embedded.git import PushEvent, git_application
from idp.kernel.access import Action, Principal, Service


class _Access:
    async def authenticate(self, username: str, password: str) -> Principal | None:
        return Principal(username) if password == "right" else None

    async def allowed(
        self, principal: Principal | None, service: Service, repository: str, action: Action
    ) -> bool:
        return principal is not None and (principal.name == "writer" or action == "pull")


async def _ignore(_event: PushEvent) -> None:
    pass


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@pytest.fixture
async def git_server(tmp_path: Path) -> AsyncIterator[str]:
    """Base address of a server on which `writer` may push and everybody else only pull."""
    application = git_application(tmp_path / "server", _Access(), on_push=_ignore)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(application, log_level="error", timeout_graceful_shutdown=1)
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    await server.ready.wait()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await running
    listening.close()
