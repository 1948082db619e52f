from __future__ import annotations

from typing import Any

import pytest

from idp.kernel.errors import NotFound


async def test_the_commit_of_a_tag_is_what_it_points_to(serve: Any, git: Any) -> None:
    async with serve() as served:
        await git("init", "--quiet", "--initial-branch=main", "work")
        work = git.folder / "work"
        identity = ("-c", "user.name=ada", "-c", "user.email=ada@localhost")
        await git(*identity, "commit", "--allow-empty", "-qm", "first", cwd=work)
        await git(*identity, "tag", "-a", "v1", "-m", "one", cwd=work)
        answer = await git("push", served.url("demo/hello"), "main", "v1", cwd=work)
        assert answer.code == 0, answer.output
        store = served.server.repositories
        refs = await store.refs("demo/hello")
        commit = refs["refs/heads/main"]
        assert refs["refs/tags/v1"] != commit
        for object in refs.values():
            assert await store.commit("demo/hello", object) == commit
        with pytest.raises(NotFound, match="no commit of demo/hello"):
            await store.commit("demo/hello", "a" * 40)
