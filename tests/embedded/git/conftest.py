"""A served Git server and a real `git` client."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from idp.embedded.git import GitServer, Limits, PushEvent, git_application
from idp.kernel.access import Action, Principal, Service
from support.serving import served


class TableAccess:
    """Access by a table: `ada` does everything, `bob` reads, nobody else may anything."""

    async def authenticate(self, username: str, password: str) -> Principal | None:
        return Principal(username) if password == f"{username}-password" else None

    async def allowed(
        self, principal: Principal | None, service: Service, repository: str, action: Action
    ) -> bool:
        assert service == "git"
        return principal is not None and (principal.name == "ada" or action == "pull")


@dataclass
class Served:
    """A running server, and what was told to its `on_push`."""

    server: GitServer
    port: int
    data: Path
    told: list[PushEvent] = field(default_factory=list)
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    def url(self, repository: str, user: str = "ada", password: str | None = None) -> str:
        password = f"{user}-password" if password is None else password
        return f"http://{user}:{password}@127.0.0.1:{self.port}/{repository}.git"

    async def events(self, count: int) -> list[PushEvent]:
        """Wait until `count` events were told."""
        async with asyncio.timeout(20), self.grown:
            await self.grown.wait_for(lambda: len(self.told) >= count)
        return self.told


def _announce(moved: Sequence[PushEvent]) -> str:
    return "\n".join(f"{event.ref} is now {event.after}" for event in moved)


Serve = Callable[..., contextlib.AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Start a server on `tmp_path/data`; may be called again after it was left."""

    @contextlib.asynccontextmanager
    async def start(limits: Limits | None = None, *, failures: int = 0) -> AsyncIterator[Served]:
        told: list[PushEvent] = []
        grown = asyncio.Condition()
        left = failures

        async def on_push(event: PushEvent) -> None:
            nonlocal left
            if left:
                left -= 1
                raise RuntimeError("not now")
            async with grown:
                told.append(event)
                grown.notify_all()

        data = tmp_path / "data"
        application = git_application(
            data, TableAccess(), on_push=on_push, announce=_announce, limits=limits
        )
        async with served(application) as url:
            yield Served(application.state.server, int(url.rpartition(":")[2]), data, told, grown)

    return start


@dataclass
class Answer:
    code: int
    output: str


class GitClient:
    """Runs `git` as a user would, without the user's configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def __call__(self, *arguments: str, cwd: Path | None = None) -> Answer:
        process = await asyncio.create_subprocess_exec(
            "git",
            *arguments,
            cwd=cwd or self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_AUTHOR_NAME": "Ada",
                "GIT_AUTHOR_EMAIL": "ada@example.com",
                "GIT_COMMITTER_NAME": "Ada",
                "GIT_COMMITTER_EMAIL": "ada@example.com",
            },
        )
        output, _ = await process.communicate()
        return Answer(process.returncode or 0, output.decode())

    async def ok(self, *arguments: str, cwd: Path | None = None) -> str:
        answer = await self(*arguments, cwd=cwd)
        assert answer.code == 0, answer.output
        return answer.output.strip()

    async def commit(self, folder: Path, files: dict[str, bytes], message: str = "Change") -> str:
        """Commit files in a work tree that is made when it is missing."""
        if not folder.exists():
            await self.ok("init", "--quiet", "--initial-branch=main", str(folder))
        for name, content in files.items():
            (folder / name).write_bytes(content)
        await self.ok("add", "--all", cwd=folder)
        await self.ok("commit", "--quiet", "-m", message, cwd=folder)
        return await self.ok("rev-parse", "HEAD", cwd=folder)


@pytest.fixture
def git(tmp_path: Path) -> GitClient:
    return GitClient(tmp_path)
