"""Nothing that a push did is lost or told twice, whatever is killed."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.git import PushLog
from idp.embedded.git.events import NO_COMMIT

Serve = Any
GitClient = Any

_SERVER_THAT_STOPS_BEFORE_LOGGING = """
import asyncio, socket, sys
from pathlib import Path
import uvicorn
from idp.embedded.git import PushLog, git_application
from idp.kernel.access import Principal

class Access:
    async def authenticate(self, username, password):
        return Principal(username)
    async def allowed(self, principal, service, repository, action):
        return principal is not None

async def on_push(event):
    pass

record = PushLog.record

async def stop(self, repository, refs):
    if refs:
        print("moved", flush=True)
        await asyncio.Event().wait()
    return await record(self, repository, refs)

PushLog.record = stop
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
application = git_application(Path(sys.argv[1]), Access(), on_push=on_push)
print(listening.getsockname()[1], flush=True)
server = uvicorn.Server(uvicorn.Config(application, log_level="error"))
asyncio.run(server.serve(sockets=[listening]))
"""


async def test_killed_between_the_ref_and_the_event(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    commit = await git.commit(tmp_path / "work", {"a.txt": b"a"})
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _SERVER_THAT_STOPS_BEFORE_LOGGING,
        str(tmp_path / "data"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            port = int(await process.stdout.readline())
            url = f"http://ada:ada-password@127.0.0.1:{port}/demo/hello.git"
            push = asyncio.create_task(git("push", url, "main", cwd=tmp_path / "work"))
            assert await process.stdout.readline() == b"moved\n"
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert (await push).code != 0

    async with serve() as served:
        (event,) = await served.events(1)
        assert (event.before, event.after, event.pusher) == (NO_COMMIT, commit, "ada")
        again = await git("push", served.url("demo/hello"), "main", cwd=tmp_path / "work")
        assert "Everything up-to-date" in again.output
        assert served.server.events.newest() == 1


async def test_events_are_told_until_they_are_accepted(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    commits = []
    async with serve(failures=2) as served:
        for content in (b"1", b"2", b"3"):
            commits.append(await git.commit(work, {"a.txt": content}))
            await git.ok("push", served.url("demo/hello"), "main", cwd=work)
        assert [event.after for event in await served.events(3)] == commits


async def test_events_that_were_not_accepted_are_told_after_a_restart(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"a.txt": b"a"})
    async with serve(failures=10**6) as served:
        await git.ok("push", served.url("demo/hello"), "main", cwd=work)
    async with serve() as served:
        assert [event.id for event in await served.events(1)] == [1]
    async with serve() as served:
        assert served.server.events.undelivered() == []


async def test_one_failing_receiver_does_not_hold_up_other_repositories(
    serve: Serve, git: GitClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"a.txt": b"a"})
    async with serve(failures=1) as served:
        monkeypatch.setattr("idp.embedded.git.delivery._FIRST_DELAY", 3600.0)
        await git.ok("push", served.url("demo/stuck"), "main", cwd=work)
        async with asyncio.timeout(20):
            while served.server.events.undelivered() != ["demo/stuck"]:
                await served.server.events.wait_after(0, timeout=1)
        await git.ok("push", served.url("demo/hello"), "main", cwd=work)
        (event,) = await served.events(1)
        assert event.repository == "demo/hello"


async def test_stale_locks_of_a_killed_git_do_not_block_pushes(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"a.txt": b"a"})
    async with serve() as served:
        await git.ok("push", served.url("demo/hello"), "main", cwd=work)
        (served.data / "demo/hello.git/refs/heads/main.lock").touch()
        await git.commit(work, {"b.txt": b"b"})
        await git.ok("push", served.url("demo/hello"), "main", cwd=work)


async def test_a_push_that_could_not_be_logged_is_logged_later(
    serve: Serve, git: GitClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"a.txt": b"a"})
    record = PushLog._record
    full = True

    def refuse(self: PushLog, repository: str, refs: dict[str, str]) -> Any:
        if full and refs:
            raise sqlite3.OperationalError("database or disk is full")
        return record(self, repository, refs)

    monkeypatch.setattr(PushLog, "_record", refuse)
    monkeypatch.setattr("idp.embedded.git.pushes._LOOK_AGAIN", 0.05)
    async with serve() as served:
        answer = await git("push", served.url("demo/hello"), "main", cwd=work)
        assert answer.code != 0
        full = False
        (event,) = await served.events(1)
        assert event.pusher == "ada"
