"""A remote repository, by running `git` over a bare copy of it.

A commit is made without a work tree: blobs, a temporary index, a tree, a commit, then a push with a
lease on what the branch was. When somebody else pushed meanwhile, all of it starts again from
their commit. The idempotency key is a trailer of the commit, so it is recorded by the push itself:
whatever is killed, a second call finds either nothing or the finished commit.
"""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from idp.kernel.errors import Conflict, IdpError, InvalidInput, NotFound
from idp.protocols.git.messages import (
    check_paths,
    check_revision,
    key_of,
    name_and_address,
    with_key,
)
from idp.protocols.git.mirror import Mirror, check_size
from idp.protocols.git.ports import IDEMPOTENCY_TRAILER, Commit, Repository
from idp.protocols.git.process import GitFailed

_COMMIT_ID = re.compile(r"[0-9a-f]{40}")
_NONE = "0" * 40
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_ATTEMPTS = 6
_READ_FILES, _READ_BYTES = 10_000, 64 * 2**20
_EXPORT_FILES, _EXPORT_BYTES = 100_000, 512 * 2**20

Build = Callable[[str | None, dict[str, str]], Awaitable[None]]
"""Brings the index (named by the environment variables) from the tree of a commit to a new one."""


class GitRepository(Repository):
    """One repository at one address, with one identity.

    Args:
        url: Address without credentials, `http` or `https`.
        username: For HTTP basic authentication.
        password: Never an argument of a process, never logged.
        cache: Folder for bare copies; may be shared by many repositories and processes.
        seconds: Longest life of one `git` process.
    """

    def __init__(
        self, url: str, username: str, password: str, *, cache: Path, seconds: float = 120.0
    ) -> None:
        if not url.startswith(("http://", "https://")) or "@" in url:
            raise InvalidInput(
                "a repository's address is an http or https URL without credentials",
                remedy="Give the user name and the password on their own.",
            )
        self._mirror = Mirror(url, username, password, cache=cache, seconds=seconds)

    async def head(self, branch: str = "main") -> str | None:
        """Ask the remote where a branch is."""
        ref = f"refs/heads/{check_revision(branch)}"
        try:
            lines = await self._mirror.git(
                "ls-remote", self._mirror.url, ref, variables={"GIT_DIR": "/nonexistent"}
            )
        except NotFound:
            return None
        for line in lines.decode().splitlines():
            commit, _, name = line.partition("\t")
            if name == ref:
                return commit
        return None

    async def _resolve(self, revision: str) -> str:
        """The commit; a full id that is here already needs no remote, for it never changes."""
        check_revision(revision)
        if _COMMIT_ID.fullmatch(revision) and (known := await self._mirror.resolve(revision)):
            return known
        await self._mirror.refresh()
        if (found := await self._mirror.resolve(revision)) is None:
            raise NotFound(f"{self._mirror.url} has no branch, tag or commit {revision!r}")
        return found

    async def commit(self, revision: str) -> Commit:
        """Resolve a branch, tag or (abbreviated) commit."""
        (found,) = await self._mirror.commits(await self._resolve(revision), limit=1)
        return found

    async def files(self, revision: str, directory: str = "") -> dict[str, bytes]:
        """All regular files below a directory; at most 10,000 files and 64 MiB."""
        if directory.strip("/"):
            check_paths([directory.strip("/")])
        blobs = await self._mirror.blobs(await self._resolve(revision), directory)
        sizes = [size for _, size in blobs.values()]
        check_size(sizes, files=_READ_FILES, total=_READ_BYTES, what=directory or "the tree")
        contents = await self._mirror.contents([blob for blob, _ in blobs.values()])
        return dict(zip(blobs, contents, strict=True))

    async def export(self, revision: str, into: Path) -> None:
        """Write a tree; links become plain files that hold their target, so none leads outside."""
        commit = await self._resolve(revision)
        sizes = [size for _, size in (await self._mirror.blobs(commit, "")).values()]
        check_size(sizes, files=_EXPORT_FILES, total=_EXPORT_BYTES, what="the tree")
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index", "GIT_WORK_TREE": str(into.absolute())}
            await self._mirror.git("read-tree", commit, variables=index)
            await self._mirror.git(
                "-c", "core.symlinks=false", "checkout-index", "--all", "--force", variables=index
            )

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
        """Make one commit that writes files and push it."""
        check_paths(files)
        if start is not None:
            check_revision(start)

        async def build(base: str | None, index: dict[str, str]) -> None:
            await self._mirror.git("read-tree", *([base] if base else ["--empty"]), variables=index)
            entries = b""
            for path, content in files.items():
                entry = f"0 {_NONE}\t{path}\0"
                if content is not None:
                    blob = await self._mirror.git("hash-object", "-w", "--stdin", stdin=content)
                    entry = f"100644 {blob.decode().strip()}\t{path}\0"
                entries += entry.encode()
            await self._mirror.git(
                "update-index", "--replace", "-z", "--index-info", stdin=entries, variables=index
            )

        return await self._push_commit(
            branch, build, message=message, key=key, author=author, start=start
        )

    async def revert(self, branch: str, commit: str, *, message: str, key: str) -> str:
        """Make one commit that undoes `commit` (against its first parent) and push it."""
        undone = await self._resolve(commit)

        async def build(base: str | None, index: dict[str, str]) -> None:
            if base is None:
                raise NotFound(f"{self._mirror.url} has no branch {branch!r}")
            parent = await self._mirror.resolve(f"{undone}^1") or _EMPTY_TREE
            patch = await self._mirror.git(
                "diff-tree", "--patch", "--binary", "--full-index", "--no-renames", undone, parent
            )
            await self._mirror.git("read-tree", base, variables=index)
            if not patch:
                return
            try:
                await self._mirror.git(
                    "apply", "--cached", "--3way", "--whitespace=nowarn",
                    stdin=patch, variables=index,
                )  # fmt: skip
            except GitFailed as error:
                raise Conflict(
                    f"commit {undone[:12]} cannot be undone: later commits of {branch} "
                    f"changed the same lines ({error.complaint.splitlines()[-1]})",
                    remedy="Undo the later commits first, or state the wanted content anew.",
                ) from error

        return await self._push_commit(
            branch, build, message=message, key=key, author="idp <idp@localhost>"
        )

    async def history(self, branch: str, path: str = "", *, limit: int = 50) -> list[Commit]:
        """Commits that touched `path`, newest first."""
        return await self._mirror.commits(await self._resolve(branch), path, limit=limit)

    async def _push_commit(
        self,
        branch: str,
        build: Build,
        *,
        message: str,
        key: str,
        author: str,
        start: str | None = None,
    ) -> str:
        text = with_key(message, key)
        check_revision(branch)
        for attempt in range(_ATTEMPTS):
            async with self._mirror.locked() as lock:
                newest = await self._newest(branch, lock)
                base = newest or (await self._mirror.resolve(start) if start else None)
                if base and (made := await self._find(base, key)):
                    return made
                made = await self._commit_tree(base, build, text, author)
                if made == newest or await self._push(branch, newest, made, lock):
                    return made
            await asyncio.sleep(random.uniform(0.02, 0.1) * 2**attempt)  # noqa: S311
        raise Conflict(
            f"branch {branch} of {self._mirror.url} kept moving: {_ATTEMPTS} attempts to add a "
            "commit failed",
            remedy="Try again.",
        )

    async def _newest(self, branch: str, lock: int) -> str | None:
        try:
            await self._mirror.fetch(lock)
        except NotFound:  # the first push creates the repository
            return None
        return await self._mirror.resolve(branch)

    async def _find(self, start: str, key: str) -> str | None:
        pattern = f"--grep={IDEMPOTENCY_TRAILER}: {key}"
        output = await self._mirror.git(
            "log", "--fixed-strings", pattern, "--format=%H%x00%B%x00", start
        )
        fields = output.decode(errors="replace").split("\0")
        for id, message in zip(fields[0::2], fields[1::2], strict=False):
            if key_of(message) == key:
                return id.strip()
        return None

    async def _commit_tree(self, base: str | None, build: Build, message: str, author: str) -> str:
        """Make a commit in the copy; gives `base` when nothing would change."""
        name, address = name_and_address(author)
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            await build(base, index)
            tree = (await self._mirror.git("write-tree", variables=index)).decode().strip()
        if base is not None:
            same = await self._mirror.git("rev-parse", f"{base}^{{tree}}")
            if same.decode().strip() == tree:
                return base
        identity = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", address))
        }
        parent = ["-p", base] if base else []
        made = await self._mirror.git(
            "commit-tree", *parent, "-F", "-", tree, stdin=message.encode(), variables=identity
        )
        return made.decode().strip()

    async def _push(self, branch: str, base: str | None, commit: str, lock: int) -> bool:
        """Whether the branch was still at `base` and now is at `commit`."""
        ref = f"refs/heads/{branch}"
        lease = f"--force-with-lease={ref}:{base or ''}"
        try:
            await self._mirror.git(
                "push", "--quiet", lease, self._mirror.url, f"{commit}:{ref}", lock=lock
            )
        except IdpError as error:
            if isinstance(error, GitFailed) and _moved(error.complaint):
                return False
            raise
        return True


def _moved(complaint: str) -> bool:
    """Whether a push failed because the branch was not where it was expected."""
    reasons = ("stale info", "fetch first", "failed to update ref", "cannot lock ref")
    return any(reason in complaint for reason in (*reasons, "non-fast-forward"))
