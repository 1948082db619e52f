"""The server as a real `git` client meets it."""

from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from idp.embedded.git import Limits, bodies
from idp.embedded.git.events import NO_COMMIT

Serve = Any
GitClient = Any


async def test_first_push_creates_the_repository_and_is_told(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    commit = await git.commit(tmp_path / "work", {"a.txt": b"a"})
    async with serve() as served:
        said = await git.ok("push", served.url("demo/hello"), "main", cwd=tmp_path / "work")
        assert f"remote: refs/heads/main is now {commit}" in said
        (event,) = await served.events(1)
        assert (event.repository, event.ref) == ("demo/hello", "refs/heads/main")
        assert (event.before, event.after, event.pusher) == (NO_COMMIT, commit, "ada")


async def test_clone_and_fetch_give_what_was_pushed(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work, copy = tmp_path / "work", tmp_path / "copy"
    await git.commit(work, {"a.txt": b"a"})
    async with serve() as served:
        url = served.url("demo/hello")
        await git.ok("push", url, "main", cwd=work)
        await git.ok("clone", "--quiet", served.url("demo/hello", "bob"), str(copy))
        newest = await git.commit(work, {f"{n}.txt": os.urandom(2000) for n in range(50)})
        await git.ok("push", url, "main", "main:refs/tags/v1", cwd=work)
        await git.ok("pull", "--quiet", cwd=copy)
        assert await git.ok("rev-parse", "HEAD", cwd=copy) == newest
        assert [event.ref for event in await served.events(3)] == [
            "refs/heads/main",
            "refs/heads/main",
            "refs/tags/v1",
        ]


@pytest.mark.parametrize("version", ["0", "1", "2"])
async def test_every_protocol_version(
    serve: Serve, git: GitClient, tmp_path: Path, version: str
) -> None:
    commit = await git.commit(tmp_path / "work", {"a.txt": b"a"})
    protocol = ("-c", f"protocol.version={version}")
    async with serve() as served:
        url = served.url("demo/hello")
        await git.ok(*protocol, "push", url, "main", cwd=tmp_path / "work")
        assert commit in await git.ok(*protocol, "ls-remote", url)
        await git.ok(*protocol, "clone", url, str(tmp_path / "copy"))


async def test_who_asks_is_proved_and_may(serve: Serve, git: GitClient, tmp_path: Path) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"a.txt": b"a"})
    async with serve() as served:
        nobody = f"http://127.0.0.1:{served.port}/demo/hello.git"
        assert "could not read Username" in (await git("ls-remote", nobody)).output
        wrong = await git("push", served.url("demo/hello", "ada", "wrong"), "main", cwd=work)
        assert wrong.code != 0
        assert "Authentication failed" in wrong.output
        no_right = await git("push", served.url("demo/hello", "bob"), "main", cwd=work)
        assert "remote: bob may not push to demo/hello" in no_right.output
        missing = await git("ls-remote", served.url("demo/nothing"))
        assert "remote: there is no repository demo/nothing" in missing.output
        assert not served.server.repositories.names()


async def test_push_over_the_limit_says_why_and_leaves_nothing(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"big": os.urandom(6 * 2**20)})
    limits = Limits(push_bytes=2**20, drain_bytes=2**20)
    async with serve(limits) as served:
        answer = await git("push", served.url("demo/hello"), "main", cwd=work)
        assert answer.code != 0
        assert "remote: error: this push is larger than 1 MiB" in answer.output
        assert served.server.repositories.names() == []
        assert list(served.server.repositories.incoming.iterdir()) == []
        assert served.server.events.newest() == 0


async def test_push_slightly_over_the_limit_is_rejected_in_good_order(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"big": os.urandom(2 * 2**20)})
    async with serve(Limits(push_bytes=2**20)) as served:
        answer = await git("push", served.url("demo/hello"), "main", cwd=work)
        assert "[remote rejected] main -> main (larger than 1 MiB" in answer.output


async def test_compressed_requests_are_measured_when_unpacked(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"a": b"a"})
    async with serve(Limits(fetch_request_bytes=2**16)) as served:
        await git.ok("push", served.url("demo/hello"), "main", cwd=work)
        async with httpx.AsyncClient() as http:
            answer = await http.post(
                f"http://127.0.0.1:{served.port}/demo/hello.git/git-upload-pack",
                auth=("bob", "bob-password"),
                content=gzip.compress(bytes(2**24)),
                headers={
                    "content-encoding": "gzip",
                    "content-type": "application/x-git-upload-pack-request",
                },
            )
        assert answer.status_code == 413


async def test_history_of_environments_is_only_added_to(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"a.txt": b"a"})
    async with serve() as served:
        for repository in ("environments/development", "demo/hello"):
            await git.ok("push", served.url(repository), "main", cwd=work)
        await git.ok("commit", "--quiet", "--amend", "-m", "Other", cwd=work)
        await git.ok("push", "--force", served.url("demo/hello"), "main", cwd=work)
        answer = await git("push", "-f", served.url("environments/development"), "main", cwd=work)
        assert "non-fast-forward" in answer.output
        answer = await git("push", served.url("environments/development"), ":main", cwd=work)
        assert "deletion prohibited" in answer.output


async def test_hooks_in_a_repository_never_run(
    serve: Serve, git: GitClient, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"a.txt": b"a"})
    async with serve() as served:
        await git.ok("push", served.url("demo/hello"), "main", cwd=work)
        hooks = served.data / "demo/hello.git/hooks"
        hooks.mkdir()
        for name in ("pre-receive", "post-receive", "update"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
            (hooks / name).chmod(0o755)
        await git.commit(work, {"b.txt": b"b"})
        await git.ok("push", served.url("demo/hello"), "main", cwd=work)
        assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fetc/hello.git/info/refs",
        "/%2e%2e/hello.git/info/refs",
        "/demo/..%2fhello.git/info/refs",
        "/demo/.empty.git/info/refs",
        "/demo/UPPER.git/info/refs",
        "/demo/a..b.git/info/refs",
        "/demo/a.git.git/info/refs",
        "/demo/hello.git/HEAD",
        "/demo/hello.git/objects/info/packs",
    ],
)
async def test_names_outside_the_grammar_are_not_found(serve: Serve, path: str) -> None:
    async with serve() as served, httpx.AsyncClient() as http:
        answer = await http.get(
            f"http://127.0.0.1:{served.port}{path}?service=git-receive-pack",
            auth=("ada", "ada-password"),
        )
        assert answer.status_code == 404


async def test_dumb_protocol_and_strange_bodies_are_refused(serve: Serve) -> None:
    async with serve() as served, httpx.AsyncClient(auth=("ada", "ada-password")) as http:
        base = f"http://127.0.0.1:{served.port}/demo/hello.git"
        assert (await http.get(f"{base}/info/refs")).status_code == 403
        answer = await http.post(f"{base}/git-receive-pack", content=b"hello")
        assert answer.status_code == 415
        headers = {"content-type": "application/x-git-receive-pack-request"}
        answer = await http.post(f"{base}/git-receive-pack", content=b"hello", headers=headers)
        assert answer.status_code == 400
        headers["content-encoding"] = "br"
        answer = await http.post(f"{base}/git-receive-pack", content=b"hello", headers=headers)
        assert answer.status_code == 415
        assert served.server.repositories.names() == []


async def test_full_disk_is_said_and_leaves_nothing(
    serve: Serve, git: GitClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    await git.commit(work, {"big": os.urandom(2**20)})
    written = 0

    def store(file: Any, piece: bytes) -> str:
        nonlocal written
        written += len(piece)
        return real(file, piece) if written < 2**19 else real(full, piece)

    full: Any = Mock()
    full.write.side_effect = OSError(errno.ENOSPC, "No space left on device")

    real = bodies._store
    monkeypatch.setattr(bodies, "_store", store)
    async with serve() as served:
        answer = await git("push", served.url("demo/hello"), "main", cwd=work)
        assert "remote: error: this push is more than the server's disk" in answer.output
        assert served.server.repositories.names() == []
