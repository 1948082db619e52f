"""What every `Repository` promises, over each implementation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from idp.kernel.errors import Conflict, InvalidInput, NotFound
from idp.protocols.git.client import GitRepository
from idp.protocols.git.memory import MemoryRepository
from idp.protocols.git.ports import Repository


@pytest.fixture(params=["memory", "git"])
async def repository(
    request: pytest.FixtureRequest, git_server: str, tmp_path: Path
) -> AsyncIterator[Repository]:
    if request.param == "memory":
        yield MemoryRepository()
    else:
        url = f"{git_server}/environments/staging.git"
        yield GitRepository(url, "writer", "right", cache=tmp_path / "cache")


async def test_what_does_not_exist(repository: Repository) -> None:
    assert await repository.head() is None
    with pytest.raises(NotFound):
        await repository.commit("main")
    with pytest.raises(NotFound):
        await repository.files("0" * 40)
    with pytest.raises(NotFound):
        await repository.history("main")


async def test_first_change_creates_the_branch(repository: Repository) -> None:
    made = await repository.change(
        "main", {"demo/hello/a.yaml": b"a"}, message="Add a", key="k1", author="Ada <ada@b.c>"
    )
    assert await repository.head() == made
    commit = await repository.commit("main")
    assert (commit.id, commit.author, commit.count) == (made, "Ada <ada@b.c>", 1)
    assert commit.message == "Add a\n\nIdempotency-Key: k1\n"
    assert await repository.files(made) == {"demo/hello/a.yaml": b"a"}
    assert (await repository.commit(made[:10])).id == made


async def test_change_writes_replaces_and_deletes(repository: Repository) -> None:
    await repository.change("main", {"a": b"1", "d/b": b"2", "d/c": b"3"}, message="m", key="k1")
    await repository.change("main", {"a": b"4", "d/b": None, "no": None}, message="m", key="k2")
    assert await repository.files("main") == {"a": b"4", "d/c": b"3"}
    assert await repository.files("main", "d") == {"c": b"3"}
    assert await repository.files("main", "nothing") == {}


async def test_change_is_idempotent_by_key(repository: Repository) -> None:
    first = await repository.change("main", {"a": b"1"}, message="m", key="k1")
    await repository.change("main", {"a": b"2"}, message="m", key="k2")
    assert await repository.change("main", {"a": b"1"}, message="m", key="k1") == first
    assert await repository.files("main") == {"a": b"2"}
    assert len(await repository.history("main")) == 2


async def test_a_new_branch_begins_where_another_is(repository: Repository) -> None:
    await repository.change("main", {"a": b"1"}, message="m", key="k1")
    for _ in range(2):
        proposed = await repository.change(
            "promotion/demo/p", {"b": b"2"}, message="m", key="k2", start="main"
        )
    assert await repository.head("promotion/demo/p") == proposed
    assert await repository.files(proposed) == {"a": b"1", "b": b"2"}
    assert await repository.files("main") == {"a": b"1"}
    merged = await repository.change("main", {"b": b"2"}, message="m", key="k2")
    assert await repository.files("main") == {"a": b"1", "b": b"2"}
    assert (await repository.commit(merged)).count == 2


async def test_change_that_changes_nothing_makes_no_commit(repository: Repository) -> None:
    first = await repository.change("main", {"a": b"1"}, message="m", key="k1")
    assert await repository.change("main", {"a": b"1"}, message="m", key="k2") == first


async def test_binary_and_strange_names_survive(repository: Repository) -> None:
    files = {"with space": bytes(range(256)), "é/ü.bin": b"", 'quote"\t': b"\n"}
    await repository.change("main", files, message="m", key="k1")
    assert await repository.files("main") == files


@pytest.mark.parametrize("path", ["../a", "/a", "a//b", ".git/config", "a/.GIT/b", "", "a/."])
async def test_paths_stay_inside(repository: Repository, path: str) -> None:
    with pytest.raises(InvalidInput):
        await repository.change("main", {path: b""}, message="m", key="k1")


@pytest.mark.parametrize("revision", ["-x", "HEAD~1", "a..b", "main^{tree}", "", "a b", ":a"])
async def test_revisions_are_no_expressions(repository: Repository, revision: str) -> None:
    with pytest.raises(InvalidInput):
        await repository.commit(revision)


async def test_revert_undoes_one_commit_and_keeps_later_ones(repository: Repository) -> None:
    await repository.change("main", {"a": b"1\n", "b": b"1\n"}, message="m", key="k1")
    second = await repository.change("main", {"a": b"2\n", "n": b"n\n"}, message="m", key="k2")
    await repository.change("main", {"b": b"3\n"}, message="m", key="k3")
    undone = await repository.revert("main", second, message="Undo", key="k4")
    assert await repository.files("main") == {"a": b"1\n", "b": b"3\n"}
    assert await repository.revert("main", second, message="Undo", key="k4") == undone
    assert (await repository.commit("main")).count == 4


async def test_revert_of_the_first_commit(repository: Repository) -> None:
    first = await repository.change("main", {"a": b"1\n"}, message="m", key="k1")
    await repository.change("main", {"b": b"2\n"}, message="m", key="k2")
    await repository.revert("main", first, message="Undo", key="k3")
    assert await repository.files("main") == {"b": b"2\n"}


async def test_revert_conflicts_with_later_changes(repository: Repository) -> None:
    await repository.change("main", {"a": b"1\n"}, message="m", key="k1")
    second = await repository.change("main", {"a": b"2\n"}, message="m", key="k2")
    third = await repository.change("main", {"a": b"3\n"}, message="m", key="k3")
    with pytest.raises(Conflict):
        await repository.revert("main", second, message="Undo", key="k4")
    assert await repository.head() == third


async def test_history_by_path(repository: Repository) -> None:
    first = await repository.change("main", {"d/a": b"1"}, message="m", key="k1")
    second = await repository.change("main", {"b": b"1"}, message="m", key="k2")
    third = await repository.change("main", {"d/a": b"2"}, message="m", key="k3")
    assert [c.id for c in await repository.history("main")] == [third, second, first]
    assert [(c.id, c.count) for c in await repository.history("main", "d")] == [
        (third, 3),
        (first, 1),
    ]
    assert [c.id for c in await repository.history("main", limit=1)] == [third]


async def test_export_writes_the_tree(repository: Repository, tmp_path: Path) -> None:
    made = await repository.change("main", {"a": b"1", "d/b": b"2"}, message="m", key="k1")
    into = tmp_path / "into"
    into.mkdir()
    await repository.export(made, into)
    files = {str(p.relative_to(into)): p.read_bytes() for p in into.rglob("*") if p.is_file()}
    assert files == {"a": b"1", "d/b": b"2"}


async def test_branches_are_apart(repository: Repository) -> None:
    await repository.change("main", {"a": b"1"}, message="m", key="k1")
    await repository.change("other", {"b": b"1"}, message="m", key="k1")
    assert await repository.files("main") == {"a": b"1"}
    assert await repository.files("other") == {"b": b"1"}
