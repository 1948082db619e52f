"""A bare copy of a remote repository, and what can be read from it without asking the remote."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from idp.kernel.errors import Forbidden, IdpError, NotFound, TooLarge, Unauthorized
from idp.protocols.git.lock import exclusive
from idp.protocols.git.messages import ancestor_counts
from idp.protocols.git.ports import Commit
from idp.protocols.git.process import Git, GitFailed

_COMMIT_ID = re.compile(r"[0-9a-f]{40}")
_REGULAR = ("100644", "100755")
_FORMAT = "--format=%H%x00%an <%ae>%x00%cI%x00%B%x00"


class Mirror:
    """The copy in `cache`, one folder for each address.

    Args:
        url: Address of the repository, without credentials.
        username: For HTTP basic authentication.
        password: Reaches `git` through its environment only.
        cache: Folder that holds copies.
        seconds: Longest life of one `git` process.
    """

    def __init__(
        self, url: str, username: str, password: str, *, cache: Path, seconds: float
    ) -> None:
        cache = cache.absolute()
        cache.mkdir(parents=True, exist_ok=True)
        self.url = url
        self.path = cache / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.git"
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        settings = {f"http.{url}.extraHeader": f"Authorization: Basic {credentials}"}
        self._git = Git(cache, settings=settings, processes=4, seconds=seconds)

    async def git(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        variables: dict[str, str] | None = None,
        lock: int | None = None,
    ) -> bytes:
        """Run `git` on the copy; failures of the remote become the errors they stand for."""
        try:
            return await self._git.run(
                arguments,
                stdin=stdin,
                variables={"GIT_DIR": str(self.path), **(variables or {})},
                inherit=[lock] if lock is not None else [],
            )
        except GitFailed as error:
            raise remote_error(self.url, error) from error

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[int]:
        """Hold the copy for writing; it is made when there is none."""
        if not self.path.exists():
            await self._create()
        async with exclusive(self.path) as lock:
            yield lock

    async def _create(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.path.parent) as folder:
            made = Path(folder) / "made"
            await self._git.run(["init", "--quiet", "--bare", "--template=", str(made)])
            with contextlib.suppress(OSError):  # somebody else was faster
                made.rename(self.path)

    async def refresh(self) -> None:
        """Fetch all branches and tags."""
        async with self.locked() as lock:
            await self.fetch(lock)

    async def fetch(self, lock: int) -> None:
        """Fetch all branches and tags while the copy is held."""
        await self.git(
            "fetch",
            "--quiet",
            "--prune",
            "--force",
            "--no-write-fetch-head",
            "--update-head-ok",
            self.url,
            "+refs/heads/*:refs/heads/*",
            "+refs/tags/*:refs/tags/*",
            lock=lock,
        )

    async def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag or commit id means in the copy; None when it is unknown."""
        if not self.path.exists():
            return None
        names = (f"refs/heads/{revision}", f"refs/tags/{revision}", revision)
        for name in names[2:] if _COMMIT_ID.match(revision) else names:
            with contextlib.suppress(GitFailed, NotFound):
                found = await self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
                return found.decode().strip()
        return None

    async def commits(
        self, start: str, path: str = "", *, limit: int | None = None
    ) -> list[Commit]:
        """Commits up to `start` that touched `path`, newest first."""
        arguments = ["log", _FORMAT, *([f"--max-count={limit}"] if limit else []), start, "--"]
        output = await self.git(*arguments, *([path] if path else []))
        fields = output.decode(errors="replace").split("\0")
        counts = await self._counts(start)
        return [
            Commit(
                id=(id := fields[i].strip()),
                author=fields[i + 1],
                time=datetime.fromisoformat(fields[i + 2]),
                message=fields[i + 3].rstrip("\n") + "\n",
                count=counts[id],
            )
            for i in range(0, len(fields) - 4, 4)
        ]

    async def _counts(self, start: str) -> dict[str, int]:
        lines = await self.git("rev-list", "--topo-order", "--reverse", "--parents", start)
        rows = (line.split() for line in lines.decode().splitlines())
        return await asyncio.to_thread(ancestor_counts, {row[0]: tuple(row[1:]) for row in rows})

    async def blobs(self, commit: str, directory: str) -> dict[str, tuple[str, int]]:
        """Regular files below a directory: path relative to it -> (blob, size in bytes).

        Links and submodules are left out. A directory that does not exist has no files.
        """
        prefix = f"{directory.strip('/')}/" if directory.strip("/") else ""
        output = await self.git(
            "ls-tree", "-r", "-z", "--long", "--full-tree", commit, "--", *filter(None, [prefix])
        )
        found = {}
        for line in filter(None, output.decode(errors="surrogateescape").split("\0")):
            head, path = line.split("\t", 1)
            mode, kind, blob, size = head.split()
            if kind == "blob" and mode in _REGULAR:
                found[path.removeprefix(prefix)] = (blob, int(size))
        return found

    async def contents(self, blobs: list[str]) -> list[bytes]:
        """What blobs hold, in the same order."""
        output = await self.git("cat-file", "--batch", stdin="\n".join([*blobs, ""]).encode())
        found, position = [], 0
        for _ in blobs:
            end = output.index(b"\n", position)
            size = int(output[position:end].split()[2])
            found.append(output[end + 1 : end + 1 + size])
            position = end + size + 2
        return found


def check_size(sizes: list[int], *, files: int, total: int, what: str) -> None:
    """Refuse trees that are too large to be read.

    Raises:
        TooLarge: More than `files` files or more than `total` bytes.
    """
    if len(sizes) > files or sum(sizes) > total:
        raise TooLarge(
            f"{what} has {len(sizes)} files of {sum(sizes)} bytes in all; "
            f"the limit is {files} files and {total} bytes"
        )


def remote_error(url: str, error: GitFailed) -> IdpError:
    """What a failure of `git` with a remote means."""
    text = error.complaint
    if "Authentication failed" in text or "could not read" in text or "error: 401" in text:
        return Unauthorized(
            f"{url} does not accept the credentials",
            remedy="Check the user and the password of this repository.",
        )
    if "error: 403" in text:
        return Forbidden(f"{url}: {_told(text) or 'access is refused'}")
    if "not found" in text:
        return NotFound(
            f"there is no repository at {url}",
            remedy="Check the address; the first push to the platform's Git server creates one.",
        )
    return error


def _told(text: str) -> str:
    told = [line[8:] for line in text.splitlines() if line.startswith("remote: ")]
    return " ".join(told).strip()
