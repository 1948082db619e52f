"""The Git server, put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette

from idp.embedded.git.delivery import Delivery, OnPush
from idp.embedded.git.events import PushEvent
from idp.embedded.git.first_commit import FirstCommits
from idp.embedded.git.limits import Limits
from idp.embedded.git.push_log import PushLog
from idp.embedded.git.pushes import Outside, Pushes
from idp.embedded.git.routes import Announce, GitRoutes, answer_error
from idp.embedded.git.store import RepositoryStore, repository_name
from idp.kernel.access import RepositoryAccess
from idp.kernel.errors import IdpError
from idp.protocols.git.process import Git


class GitServer:
    """Repositories over HTTP (`application`) and the delivery of push events (`run`).

    Args:
        data: Folder of the repositories (`<namespace>/<name>.git`) and of `events.db`.
        access: Proves who asks and decides what they may do.
        on_push: Called for every ref that was moved, until it returns without an error; at least
            once, in order within a repository. It must be idempotent by `PushEvent.id`.
        announce: The lines that `git push` shows about what it moved.
        limits: What one request may cost.

    Attributes:
        application: The ASGI application, to be mounted where the repositories shall be.
        events: The log of pushes; `events.wait_after(id, timeout)` waits for changes.
        first_commits: Makes repositories without a client.
    """

    def __init__(
        self,
        data: Path,
        access: RepositoryAccess,
        *,
        on_push: OnPush,
        announce: Announce = lambda events: "",
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        data = data.absolute()
        data.mkdir(parents=True, exist_ok=True)
        git = Git(
            data,
            settings={"transfer.hideRefs": "refs/idp"},
            processes=limits.processes,
            seconds=limits.process_seconds,
        )
        self.events = PushLog(data / "events.db")
        self.repositories = RepositoryStore(data, git)
        self._pushes = Pushes(self.repositories, self.events, git, limits)
        self.first_commits = FirstCommits(self.repositories, self._pushes, git)
        self._delivery = Delivery(self.events, on_push)
        routes = GitRoutes(self.repositories, self._pushes, git, access, limits, announce)
        self.application = Starlette(
            routes=routes.routes(), exception_handlers={IdpError: answer_error}
        )

    async def fetch(self, repository: str, pusher: str, outside: Outside) -> list[PushEvent]:
        """Bring in what is elsewhere, as `Pushes.fetch`; whoever calls has asked for the right."""
        await self.repositories.prepare()
        name = repository_name(*repository.split("/", 1))
        return await self._pushes.fetch(name, pusher, outside)

    async def run(self) -> None:
        """Find what a crash left unlogged, then deliver events until cancelled."""
        await self.repositories.prepare()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pushes.run())
            group.create_task(self._delivery.run())


def git_application(
    data: Path,
    access: RepositoryAccess,
    *,
    on_push: OnPush,
    announce: Announce = lambda events: "",
    limits: Limits | None = None,
) -> Starlette:
    """A Git server that runs as long as the application's lifespan; parameters as `GitServer`.

    The server is `application.state.server`. When the application is mounted inside another one,
    nothing starts its lifespan: use `GitServer` there and run it yourself.
    """
    server = GitServer(data, access, on_push=on_push, announce=announce, limits=limits)

    @contextlib.asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(server.run())
        try:
            yield
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            server.events.close()

    server.application.router.lifespan_context = lifespan
    server.application.state.server = server
    return server.application
