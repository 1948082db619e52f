"""The first commit of a repository, made by the server itself: a push without a client.

It goes through `Pushes.receive` like any other push, so that the log of pushes, the limits and the
hooks behind it hold. `git receive-pack` moves the ref only if it does not exist (its old value is
zeros), so two that create the same repository cannot overwrite each other.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from idp.embedded.git.events import NO_COMMIT
from idp.embedded.git.pkt_line import FLUSH, pkt_line
from idp.embedded.git.pushes import Pushes
from idp.embedded.git.store import RepositoryStore
from idp.kernel.errors import AlreadyExists, InvalidInput
from idp.protocols.git.process import Git

BRANCH = "refs/heads/main"
_PART = re.compile(r"(?!\.git$)[a-z0-9._-]+", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f<>\"\\]")


def import_stream(files: Mapping[str, bytes], author: str, message: str, time: datetime) -> bytes:
    """What `git fast-import` reads to make one commit of these files. Pure.

    Args:
        files: Path -> content.
        author: Name of the person; the address is made from it.
        message: Of the commit.
        time: When, with a time zone.

    Raises:
        InvalidInput: A path leaves the repository or could not be checked out everywhere.
    """
    name = _NOT_IN_NAMES.sub("", author)
    text = message.encode()
    stream = bytearray(f"commit {BRANCH}\n".encode())
    stream += f"committer {name} <{name}@localhost> {int(time.timestamp())} +0000\n".encode()
    stream += b"data %d\n%s\n" % (len(text), text)
    for path, content in sorted(files.items()):
        parts = path.split("/")
        if not all(_PART.fullmatch(part) and part not in (".", "..") for part in parts):
            raise InvalidInput(f"{path[:200]!r} is not a path within a repository")
        stream += f"M 100644 inline {path}\n".encode()
        stream += b"data %d\n%s\n" % (len(content), content)
    return bytes(stream) + b"done\n"


class FirstCommits:
    """Makes repositories with a first commit."""

    def __init__(self, store: RepositoryStore, pushes: Pushes, git: Git) -> None:
        self._store = store
        self._pushes = pushes
        self._git = git

    async def make(
        self,
        repository: str,
        files: Mapping[str, bytes],
        *,
        pusher: str,
        message: str,
        at: datetime,
    ) -> str:
        """Create a repository with one commit on `main`; gives the commit's id.

        Whether `pusher` may is for the caller to have asked.

        Raises:
            AlreadyExists: Somebody pushed to it before.
            InvalidInput: A path is not one.
        """
        stream = import_stream(files, pusher, message, at)
        await self._store.prepare()
        if self._store.exists(repository) and await self._store.refs(repository):
            raise _taken(repository)
        commit, pack = await self._packed(stream)
        command = f"{NO_COMMIT} {commit} {BRANCH}\0 report-status".encode()
        with tempfile.TemporaryFile() as file:
            file.write(pkt_line(command) + FLUSH + pack)
            file.seek(0)
            answer, _ = await self._pushes.receive(repository, pusher, file, None)
        if f"ok {BRANCH}".encode() not in answer:
            raise _taken(repository)
        return commit

    async def _packed(self, stream: bytes) -> tuple[str, bytes]:
        """The id of the commit that the stream makes, and a pack of everything it needs."""
        with tempfile.TemporaryDirectory(dir=self._store.incoming) as folder:
            at = f"--git-dir={Path(folder)}"
            await self._git.run(
                ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", folder]
            )
            await self._git.run([at, "fast-import", "--quiet", "--done"], stdin=stream)
            commit = (await self._git.run([at, "rev-parse", BRANCH])).decode().strip()
            pack = await self._git.run(
                [at, "pack-objects", "--revs", "--stdout", "-q"], stdin=f"{commit}\n".encode()
            )
            return commit, pack


def _taken(repository: str) -> AlreadyExists:
    return AlreadyExists(
        f"the repository {repository} exists and is not empty",
        remedy="Choose another name; nothing was changed.",
    )
