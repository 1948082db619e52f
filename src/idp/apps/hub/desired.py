"""The environments' repositories, read where the hub keeps them: what is wanted, and since when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from idp.apps.hub.access import ENVIRONMENTS_NAMESPACE
from idp.apps.platform.layout import Layout
from idp.embedded.git.store import repository_name
from idp.kernel.errors import NotFound, TooLarge
from idp.protocols.git.process import Git, GitFailed

BRANCH = "main"
LARGEST_FILE = 1 << 20
MOST_FILES = 200
_SECONDS = 10.0
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FORMAT = "--format=%H%x00%an%x00%cI%x00%B%x00"


@dataclass(frozen=True, slots=True)
class DesiredCommit:
    """One change of what is wanted.

    Attributes:
        id: 40 hexadecimal digits.
        author: Who committed it.
        time: When.
        message: The whole message.
    """

    id: str
    author: str
    time: datetime
    message: str

    def trailer(self, name: str) -> str:
        """A line `Name: value` of the message; empty when there is none."""
        found = re.search(rf"^{re.escape(name)}: (.+)$", self.message, re.MULTILINE)
        return found[1].strip() if found else ""


class DesiredState:
    """Reads bare repositories; never writes."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.git
        self._git = Git(layout.git, processes=4, seconds=_SECONDS)

    async def head(self, environment: str) -> str:
        """The newest commit; empty while nothing was ever deployed there."""
        try:
            found = await self._run(environment, "rev-parse", "--verify", f"refs/heads/{BRANCH}")
        except NotFound:
            return ""
        return found.decode().strip()

    async def history(
        self, environment: str, path: str, limit: int, *, start: str = ""
    ) -> list[DesiredCommit]:
        """Commits that touched a folder, newest first; empty while there are none.

        Args:
            environment: Whose repository.
            path: Of the folder.
            limit: At most so many.
            start: The newest commit that counts; the branch's newest when empty.
        """
        start = start or await self.head(environment)
        if not _COMMIT.fullmatch(start):
            return []
        arguments = ["log", _FORMAT, f"--max-count={limit}", start, "--", *filter(None, [path])]
        fields = (await self._run(environment, *arguments)).decode(errors="replace").split("\0")
        return [
            DesiredCommit(
                id=fields[i].strip(),
                author=fields[i + 1],
                time=datetime.fromisoformat(fields[i + 2]),
                message=fields[i + 3].rstrip("\n"),
            )
            for i in range(0, len(fields) - 4, 4)
        ]

    async def files(self, environment: str, revision: str, path: str) -> dict[str, bytes]:
        """The files of a folder at a commit, by their names; folders in it are left out.

        Raises:
            NotFound: There is no such commit.
            TooLarge: There is more than a page can show.
        """
        if not _COMMIT.fullmatch(revision):
            raise NotFound(f"{revision[:60]!r} is not a commit")
        folder = path.strip("/")
        prefix = f"{folder}/" if folder not in ("", ".") else ""
        output = await self._run(
            environment, "ls-tree", "-z", "--long", "--full-tree", revision, "--", prefix or "."
        )
        found: dict[str, bytes] = {}
        for line in filter(None, output.decode(errors="replace").split("\0")):
            head, name = line.split("\t", 1)
            _, kind, blob, size = head.split()
            if kind != "blob":
                continue
            if int(size) > LARGEST_FILE or len(found) >= MOST_FILES:
                raise TooLarge(f"{path} of {environment} is too large to show")
            content = await self._run(environment, "cat-file", "blob", blob)
            found[name.removeprefix(prefix)] = content
        return found

    async def _run(self, environment: str, *arguments: str) -> bytes:
        folder = self._folder / f"{repository_name(ENVIRONMENTS_NAMESPACE, environment)}.git"
        if not folder.is_dir():
            raise NotFound(f"nothing was ever deployed in {environment}")
        try:
            return await self._git.run(arguments, variables={"GIT_DIR": str(folder)})
        except GitFailed as error:
            raise NotFound(f"the repository of {environment} has no such thing") from error
