"""Taking in a push: refs move, the log says so, then the client hears of it.

The order under one repository's lock: (1) log what moved unnoticed (after a crash), (2) note who
pushes, (3) let `git receive-pack` move refs, (4) compare and log what moved. Killed before 3
nothing happened; killed after it, 1 of the next push or of the next start does 4.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO

import structlog

from idp.embedded.git.events import PushEvent
from idp.embedded.git.limits import Limits
from idp.embedded.git.push_log import PushLog
from idp.embedded.git.store import RepositoryStore
from idp.kernel.errors import IdpError, InvalidInput
from idp.protocols.git.process import Git

log = structlog.get_logger(__name__)

_LOOK_AGAIN = 30.0
ENVIRONMENTS = "environments/"
"""Repositories below this hold what runs somewhere: their history is only ever added to."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A repository elsewhere.

    Attributes:
        url: `http` or `https`, without credentials.
        username: For HTTP basic authentication; empty for none.
        password: Never an argument of a process, never logged.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)

    def settings(self) -> dict[str, str]:
        """Git configuration for reading it, and it only: redirects are not followed."""
        if not self.username and not self.password:
            return {}
        credentials = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {f"http.{self.url}.extraHeader": f"Authorization: Basic {credentials}"}


class Pushes:
    """Takes pushes in, one after the other in each repository."""

    def __init__(self, store: RepositoryStore, events: PushLog, git: Git, limits: Limits) -> None:
        self._store = store
        self._events = events
        self._git = git
        self._limits = limits
        self._unlogged: set[str] = set()

    def _settings(self, repository: str) -> dict[str, str]:
        append_only = str(repository.startswith(ENVIRONMENTS)).lower()
        return {
            # A second guard: the body was measured before.
            "receive.maxInputSize": str(self._limits.push_bytes),
            "receive.denyNonFastForwards": append_only,
            "receive.denyDeletes": append_only,
        }

    async def advertise(self, repository: str, protocol: str | None) -> bytes:
        """What a push may build on; a repository that does not exist yet counts as empty."""
        exists = self._store.exists(repository)
        path = self._store.path(repository) if exists else self._store.empty
        return await self._git.run(
            ["receive-pack", "--stateless-rpc", "--advertise-refs", str(path)],
            settings=self._settings(repository),
            protocol=protocol,
        )

    async def receive(
        self, repository: str, pusher: str, body: IO[bytes], protocol: str | None
    ) -> tuple[bytes, list[PushEvent]]:
        """Take a push in; creates the repository.

        Returns:
            The answer for the client, and what moved.
        """
        await self._store.create(repository)
        async with self._store.locked(repository) as lock:
            await self._record(repository)
            await self._events.start(repository, pusher)
            moved: list[PushEvent] = []
            try:
                answer = await self._git.run(
                    ["receive-pack", "--stateless-rpc", str(self._store.path(repository))],
                    settings=self._settings(repository),
                    protocol=protocol,
                    stdin=body,
                    inherit=[lock],
                )
            finally:
                moved += await self._record(repository)
            return answer, moved

    async def fetch(self, repository: str, pusher: str, outside: Outside) -> list[PushEvent]:
        """Bring in branches and tags from elsewhere, in somebody's name; gives what moved.

        It goes the way of a push: noted, moved, compared, logged. Branches that are gone elsewhere
        stay.

        Raises:
            InvalidInput: The address is not http or https.
            GitFailed: It cannot be read.
        """
        if not outside.url.startswith(("http://", "https://")):
            raise InvalidInput("only http and https addresses are fetched")
        await self._store.create(repository)
        async with self._store.locked(repository) as lock:
            await self._record(repository)
            await self._events.start(repository, pusher)
            moved: list[PushEvent] = []
            try:
                await self._git.run(
                    [
                        f"--git-dir={self._store.path(repository)}",
                        "fetch",
                        "--quiet",
                        "--no-write-fetch-head",
                        "--no-recurse-submodules",
                        "--update-head-ok",
                        "--",
                        outside.url,
                        "+refs/heads/*:refs/heads/*",
                        "+refs/tags/*:refs/tags/*",
                    ],
                    settings=outside.settings(),
                    inherit=[lock],
                )
            finally:
                moved += await self._record(repository)
            return moved

    async def _record(self, repository: str) -> list[PushEvent]:
        self._unlogged.add(repository)
        refs = await self._store.refs(repository)
        events = await self._events.record(repository, refs)
        for event in events:
            log.info(
                "pushed",
                repository=repository,
                ref=event.ref,
                before=event.before,
                after=event.after,
                pusher=event.pusher,
            )
        self._unlogged.discard(repository)
        return events

    async def run(self) -> None:
        """Log what moved without being logged, until cancelled.

        At first in all repositories: the rest of a crash. Then in those where it failed.
        """
        await self._catch_up(self._store.names())
        while True:
            await asyncio.sleep(_LOOK_AGAIN)
            await self._catch_up(sorted(self._unlogged))

    async def _catch_up(self, repositories: Iterable[str]) -> None:
        for repository in repositories:
            try:
                async with self._store.locked(repository):
                    await self._record(repository)
            except IdpError as error:
                log.warning("repository cannot be read", repository=repository, error=str(error))
