"""Bare repositories in a folder: names, creation, refs, and one lock for each."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from idp.kernel.errors import NotFound
from idp.protocols.git.lock import exclusive
from idp.protocols.git.process import Git, GitFailed

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


def repository_name(namespace: str, name: str) -> str:
    """`namespace/name`, checked; a suffix `.git` is dropped.

    The grammar admits no separator, no leading dot and no `..`, so a name is always one folder
    below the data folder.

    Raises:
        NotFound: It is no name of a repository.
    """
    name = name.removesuffix(".git")
    for part in (namespace, name):
        if not _NAME.fullmatch(part) or ".." in part or part.endswith((".git", ".lock")):
            raise NotFound(
                f"{part[:80]!r} is not a name of a repository or namespace",
                remedy="Use lower-case letters, digits, '-', '_' and '.', at most 64 of them.",
            )
    return f"{namespace}/{name}"


class RepositoryStore:
    """The repositories `<data>/<namespace>/<name>.git`."""

    def __init__(self, data: Path, git: Git) -> None:
        self._data = data
        self._git = git
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._preparing = asyncio.Lock()
        self._prepared = False
        self.incoming = data / ".incoming"
        self.empty = data / ".empty.git"

    async def prepare(self) -> None:
        """Make the folders and drop what a crash left half made; does nothing a second time."""
        async with self._preparing:
            if self._prepared:
                return
            await asyncio.to_thread(shutil.rmtree, self.incoming, ignore_errors=True)
            self.incoming.mkdir(parents=True)
            if not self.empty.exists():
                await self._init(self.empty)
            self._prepared = True

    def path(self, repository: str) -> Path:
        """Folder of a repository, whether it exists or not."""
        return self._data / f"{repository}.git"

    def exists(self, repository: str) -> bool:
        """Whether somebody pushed to it yet."""
        return self.path(repository).is_dir()

    def names(self) -> list[str]:
        """All repositories, sorted."""
        found = self._data.glob("[a-z0-9]*/*.git")
        return sorted(f"{path.parent.name}/{path.stem}" for path in found)

    async def create(self, repository: str) -> None:
        """Create a repository, whole or not at all; one that exists stays as it is."""
        path = self.path(repository)
        async with self._locks[repository]:
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                await self._init(path)

    async def _init(self, path: Path) -> None:
        made = Path(tempfile.mkdtemp(dir=self.incoming))
        await self._git.run(
            ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(made)]
        )
        made.rename(path)

    async def refs(self, repository: str) -> dict[str, str]:
        """Every ref and the object it points to."""
        output = await self._git.run(
            [
                f"--git-dir={self.path(repository)}",
                "for-each-ref",
                "--format=%(objectname) %(refname)",
            ]
        )
        lines = (line.split(" ", 1) for line in output.decode().splitlines())
        return {ref: commit for commit, ref in lines}

    async def commit(self, repository: str, object: str) -> str:
        """The commit that an object is, or that an annotated tag points to.

        Args:
            repository: `namespace/name`.
            object: Its id, 40 hexadecimal digits.

        Raises:
            NotFound: It is neither, or it is gone.
        """
        question = [
            f"--git-dir={self.path(repository)}",
            "rev-parse",
            "--verify",
            "--quiet",
            f"{object}^{{commit}}",
        ]
        try:
            output = await self._git.run(question)
        except GitFailed:
            raise NotFound(f"{object[:50]} is no commit of {repository}") from None
        return output.decode().strip()

    @contextlib.asynccontextmanager
    async def locked(self, repository: str) -> AsyncIterator[int]:
        """Hold a repository for writing; gives a file descriptor for the writing process.

        A process that inherits it and outlives this program keeps the lock, so after a crash
        nobody compares refs before that process is done.
        """
        async with self._locks[repository], exclusive(self.path(repository)) as handle:
            yield handle
