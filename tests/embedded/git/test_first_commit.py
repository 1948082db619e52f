"""Repositories that the server makes itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp.embedded.git.first_commit import import_stream
from idp.kernel.errors import AlreadyExists, InvalidInput

Serve = Any
GitClient = Any
TIME = datetime(2026, 1, 1, tzinfo=UTC)
FILES = {"README.md": b"# shop\n", "src/web/__init__.py": b"", "data": b"\x00\xff\ndone\n"}


async def test_it_is_a_push_like_any_other(serve: Serve, git: GitClient, tmp_path: Path) -> None:
    async with serve() as served:
        make = served.server.first_commits.make
        commit = await make("demo/shop", FILES, pusher="ada", message="Create shop\n", at=TIME)
        (event,) = await served.events(1)
        assert (event.repository, event.after, event.pusher) == ("demo/shop", commit, "ada")
        copy = tmp_path / "copy"
        await git.ok("clone", "--quiet", served.url("demo/shop"), str(copy))
        assert await git.ok("rev-parse", "HEAD", cwd=copy) == commit
        made = {
            str(path.relative_to(copy)): path.read_bytes()
            for path in copy.rglob("*")
            if path.is_file() and ".git" not in path.parts
        }
        assert made == FILES
        said = await git.ok("log", "--format=%an %at %s", cwd=copy)
        assert said == f"ada {int(TIME.timestamp())} Create shop"


async def test_nothing_is_overwritten(serve: Serve, git: GitClient, tmp_path: Path) -> None:
    commit = await git.commit(tmp_path / "work", {"a.txt": b"a"})
    async with serve() as served:
        await git.ok("push", served.url("demo/shop"), "main:other", cwd=tmp_path / "work")
        make = served.server.first_commits.make
        with pytest.raises(AlreadyExists, match="demo/shop exists"):
            await make("demo/shop", FILES, pusher="ada", message="x", at=TIME)
        assert await served.server.repositories.refs("demo/shop") == {"refs/heads/other": commit}


async def test_of_two_at_once_one_wins(serve: Serve) -> None:
    import asyncio

    async with serve() as served:
        make = served.server.first_commits.make
        results = await asyncio.gather(
            *(
                make("demo/shop", {"n": b"%d" % n}, pusher="ada", message="x", at=TIME)
                for n in range(3)
            ),
            return_exceptions=True,
        )
        won = [result for result in results if isinstance(result, str)]
        assert len(won) == 1
        assert sum(isinstance(result, AlreadyExists) for result in results) == 2
        refs = await served.server.repositories.refs("demo/shop")
        assert refs == {"refs/heads/main": won[0]}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        ".git/hooks/x",
        "a/.GIT/x",
        "a\nb",
        ".",
    ],
)
def test_a_path_stays_in_the_repository(path: str) -> None:
    with pytest.raises(InvalidInput):
        import_stream({path: b""}, "ada", "x", TIME)


def test_a_name_does_not_end_its_line() -> None:
    stream = import_stream({}, "ada> 0 +0000\ndata 3", "x", TIME)
    assert stream.splitlines()[1].startswith(b"committer ada 0 +0000data 3 <")
