"""A Git server to run the client against."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from idp.embedded.git import PushEvent, git_application
from idp.kernel.access import Action, Principal, Service
from support.serving import served


class _Access:
    async def authenticate(self, username: str, password: str) -> Principal | None:
        return Principal(username) if password == "right" else None

    async def allowed(
        self, principal: Principal | None, service: Service, repository: str, action: Action
    ) -> bool:
        return principal is not None and (principal.name == "writer" or action == "pull")


async def _ignore(_event: PushEvent) -> None:
    pass


@pytest.fixture
async def git_server(tmp_path: Path) -> AsyncIterator[str]:
    """Base address of a server on which `writer` may push and everybody else only pull."""
    application = git_application(tmp_path / "server", _Access(), on_push=_ignore)
    async with served(application) as url:
        yield url
