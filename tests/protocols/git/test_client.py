"""What only the real client can get wrong: identities, races, secrets, other people's trees."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from idp.kernel.errors import Forbidden, InvalidInput, NotFound, Unauthorized, Unavailable
from idp.protocols.git.client import GitRepository
from idp.protocols.git.process import environment


def open_repository(
    server: str, cache: Path, user: str = "writer", password: str = "right"
) -> GitRepository:
    return GitRepository(f"{server}/demo/hello.git", user, password, cache=cache)


async def test_parallel_changes_all_arrive(git_server: str, tmp_path: Path) -> None:
    repositories = [open_repository(git_server, tmp_path / f"cache{n % 2}") for n in range(4)]
    await asyncio.gather(
        *(
            repository.change("main", {f"{n}": b"x"}, message="m", key=f"k{n}")
            for n, repository in enumerate(repositories)
        )
    )
    assert sorted(await repositories[0].files("main")) == ["0", "1", "2", "3"]
    assert (await repositories[0].commit("main")).count == 4


async def test_one_key_in_parallel_makes_one_commit(git_server: str, tmp_path: Path) -> None:
    repositories = [open_repository(git_server, tmp_path / f"cache{n}") for n in range(3)]
    made = await asyncio.gather(
        *(r.change("main", {"a": b"x"}, message="m", key="k") for r in repositories)
    )
    assert len(set(made)) == 1
    assert (await repositories[0].commit("main")).count == 1


async def test_errors_name_what_is_wrong(git_server: str, tmp_path: Path) -> None:
    writer = open_repository(git_server, tmp_path / "a")
    await writer.change("main", {"a": b"x"}, message="m", key="k")
    with pytest.raises(Unauthorized):
        await open_repository(git_server, tmp_path / "b", password="wrong").head()
    reader = open_repository(git_server, tmp_path / "c", user="reader")
    assert await reader.files("main") == {"a": b"x"}
    with pytest.raises(Forbidden):
        await reader.change("main", {"a": b"y"}, message="m", key="k2")
    missing = GitRepository(f"{git_server}/demo/no.git", "writer", "right", cache=tmp_path / "d")
    with pytest.raises(NotFound):
        await missing.files("main")
    with pytest.raises(InvalidInput):
        GitRepository("file:///etc", "a", "b", cache=tmp_path)
    with pytest.raises(InvalidInput):
        GitRepository("http://a:b@127.0.0.1/x", "a", "b", cache=tmp_path)


async def test_nobody_answers(tmp_path: Path, unused_tcp_port: int) -> None:
    repository = GitRepository(
        f"http://127.0.0.1:{unused_tcp_port}/a/b.git", "u", "p", cache=tmp_path
    )
    with pytest.raises(Unavailable):
        await repository.head()


async def test_locks_of_a_killed_git_do_not_stay(git_server: str, tmp_path: Path) -> None:
    repository = open_repository(git_server, tmp_path / "cache")
    await repository.change("main", {"a": b"x"}, message="m", key="k")
    (copy,) = (tmp_path / "cache").glob("*.git")
    await repository.files("main")
    (copy / "refs/heads/main.lock").touch()
    (copy / "packed-refs.lock").touch()
    await repository.change("main", {"a": b"y"}, message="m", key="k2")
    assert await repository.files("main") == {"a": b"y"}


async def test_links_do_not_lead_out(git_server: str, tmp_path: Path) -> None:
    work, into = tmp_path / "work", tmp_path / "into"
    work.mkdir()
    into.mkdir()
    (work / "plain").write_text("x")
    (work / "link").symlink_to("/etc/passwd")
    url = git_server.replace("http://", "http://writer:right@") + "/demo/hello.git"
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    for name in ("AUTHOR", "COMMITTER"):
        variables |= {f"GIT_{name}_NAME": "Ada", f"GIT_{name}_EMAIL": "ada@b.c"}
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["commit", "-q", "-m", "m"],
        ["push", "-q", url, "main"],
    ):
        await asyncio.to_thread(
            subprocess.run, ["git", *arguments], cwd=work, env=variables, check=True
        )
    repository = open_repository(git_server, tmp_path / "cache")
    await repository.export("main", into)
    assert not (into / "link").is_symlink()
    assert (into / "link").read_text() == "/etc/passwd"
    assert list(await repository.files("main")) == ["plain"]


def test_environment_is_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "evil")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "evil")
    values = environment(tmp_path, {"a.b": "c"}, protocol="version=2\nX")
    assert "evil" not in values.values()
    assert "GIT_PROTOCOL" not in values
    assert environment(tmp_path, {}, protocol="version=2")["GIT_PROTOCOL"] == "version=2"
