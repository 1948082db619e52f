"""A remote Git repository. `client` runs `git`; `memory` is for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

IDEMPOTENCY_TRAILER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit.

    Attributes:
        id: 40 hexadecimal digits.
        author: `Name <address>`.
        time: When it was committed.
        message: The whole message.
        count: Number of commits up to and including this one.
    """

    id: str
    author: str
    time: datetime
    message: str
    count: int


class Repository(Protocol):
    """One repository at one address, with one identity.

    All raise `IdpError`s: `NotFound` (repository, revision or file), `Unauthorized`, `Forbidden`,
    `Conflict` (the branch kept moving), `Unavailable`.
    """

    async def head(self, branch: str = "main") -> str | None:
        """The commit a branch points to; None when the branch or the repository does not exist."""
        ...

    async def commit(self, revision: str) -> Commit:
        """Resolve a branch, tag or (abbreviated) commit."""
        ...

    async def files(self, revision: str, directory: str = "") -> dict[str, bytes]:
        """All files below a directory at a revision, by path relative to it; size-capped."""
        ...

    async def export(self, revision: str, into: Path) -> None:
        """Write the tree of a revision into an empty directory (no `.git`)."""
        ...

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
        """Make one commit that writes files (None deletes) and push it; gives the commit's id.

        Idempotent: a commit on the branch whose `Idempotency-Key` trailer is `key` is returned as
        it is. A branch that does not exist is created, where branch `start` is or empty. When the
        files are already so, the newest commit is returned and nothing is made.
        """
        ...

    async def revert(self, branch: str, commit: str, *, message: str, key: str) -> str:
        """Make one commit that undoes `commit`; idempotent by `key` as `change`.

        Raises:
            Conflict: Later commits changed the same lines.
        """
        ...

    async def history(self, branch: str, path: str = "", *, limit: int = 50) -> list[Commit]:
        """Commits that touched `path`, newest first."""
        ...
