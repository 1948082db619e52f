"""A repository in memory, for tests of what stands on `ports.Repository`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import Conflict, NotFound
from idp.protocols.git.messages import (
    check_paths,
    check_revision,
    key_of,
    name_and_address,
    with_key,
)
from idp.protocols.git.ports import Commit, Repository

Tree = dict[str, bytes]


@dataclass(frozen=True)
class _Stored:
    commit: Commit
    parent: str | None
    tree: Tree


class MemoryRepository(Repository):
    """Linear branches of whole trees. A revert conflicts by file, not by line."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._commits: dict[str, _Stored] = {}
        self._branches: dict[str, str] = {}
        self._clock = clock

    async def head(self, branch: str = "main") -> str | None:
        """The commit a branch points to."""
        return self._branches.get(check_revision(branch))

    def _resolve(self, revision: str) -> _Stored:
        id = self._branches.get(check_revision(revision), revision)
        found = [c for name, c in self._commits.items() if len(id) >= 4 and name.startswith(id)]
        if len(found) != 1:
            raise NotFound(f"there is no branch, tag or commit {revision!r}")
        return found[0]

    async def commit(self, revision: str) -> Commit:
        """Resolve a branch or (abbreviated) commit."""
        return self._resolve(revision).commit

    async def files(self, revision: str, directory: str = "") -> dict[str, bytes]:
        """All files below a directory."""
        prefix = f"{directory.strip('/')}/" if directory.strip("/") else ""
        tree = self._resolve(revision).tree
        return {p.removeprefix(prefix): c for p, c in sorted(tree.items()) if p.startswith(prefix)}

    async def export(self, revision: str, into: Path) -> None:
        """Write a tree."""
        for path, content in self._resolve(revision).tree.items():
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            (into / path).write_bytes(content)

    async def change(
        self,
        branch: str,
        files: Mapping[str, bytes | None],
        *,
        message: str,
        key: str,
        author: str = "idp <idp@localhost>",
        start: str | None = None,
    ) -> str:
        """Add a commit that writes files."""
        check_paths(files)
        if start is not None and start in self._branches:
            self._branches.setdefault(check_revision(branch), self._branches[start])
        head = self._branches.get(check_revision(branch))
        tree = {**(self._commits[head].tree if head else {}), **files}
        kept = {path: content for path, content in tree.items() if content is not None}
        return self._add(branch, kept, with_key(message, key), key, author)

    async def revert(self, branch: str, commit: str, *, message: str, key: str) -> str:
        """Add a commit that undoes another one."""
        undone = self._resolve(commit)
        before = self._commits[undone.parent].tree if undone.parent else {}
        if (head := self._branches.get(check_revision(branch))) is None:
            raise NotFound(f"there is no branch {branch!r}")
        if made := self._find(branch, key):
            return made
        tree = dict(self._commits[head].tree)
        for path in {*before, *undone.tree}:
            if before.get(path) == undone.tree.get(path):
                continue
            if tree.get(path) not in (undone.tree.get(path), before.get(path)):
                raise Conflict(
                    f"commit {commit[:12]} cannot be undone: later commits changed {path}",
                    remedy="Undo the later commits first, or state the wanted content anew.",
                )
            tree.pop(path, None)
            if path in before:
                tree[path] = before[path]
        return self._add(branch, tree, with_key(message, key), key, "idp <idp@localhost>")

    async def history(self, branch: str, path: str = "", *, limit: int = 50) -> list[Commit]:
        """Commits that touched `path`, newest first."""
        found: list[Commit] = []
        stored = self._resolve(branch)
        while len(found) < limit:
            parent = self._commits[stored.parent] if stored.parent else None
            if not path or _below(stored.tree, path) != _below(parent.tree if parent else {}, path):
                found.append(stored.commit)
            if parent is None:
                break
            stored = parent
        return found

    def _find(self, branch: str, key: str) -> str | None:
        id = self._branches.get(branch)
        while id is not None:
            stored = self._commits[id]
            if key_of(stored.commit.message) == key:
                return id
            id = stored.parent
        return None

    def _add(self, branch: str, tree: Tree, message: str, key: str, author: str) -> str:
        name_and_address(author)
        if made := self._find(branch, key):
            return made
        head = self._branches.get(branch)
        parent = self._commits[head] if head else None
        if parent is not None and parent.tree == tree:
            return parent.commit.id
        seed = f"{head}\0{message}\0{author}\0{sorted(tree.items())}"
        id = hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()
        time = self._clock().astimezone(UTC).replace(microsecond=0)
        count = parent.commit.count + 1 if parent else 1
        self._commits[id] = _Stored(Commit(id, author, time, message, count), head, tree)
        self._branches[branch] = id
        return id


def _below(tree: Tree, path: str) -> Tree:
    path = path.strip("/")
    return {p: c for p, c in tree.items() if p == path or p.startswith(f"{path}/")}
