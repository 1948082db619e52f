"""What promotion needs of the outside: repositories by name, access reviews, hints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from idp.protocols.git.ports import Repository

Repositories = Callable[[str], Repository]
"""The Git repository of a name (`namespace/name`), with the instance's identity."""


class Reviewer(Protocol):
    """Asks who may do what; the answer is the API server's."""

    async def may_approve(
        self,
        user: str,
        groups: Sequence[str],
        *,
        namespace: str,
        promotion: str,
        emergency: bool = False,
    ) -> bool:
        """Whether a user with these groups may `approve` the promotion, or `override` for it.

        Raises:
            Unavailable: Nobody answers. It must not be taken for a yes.
        """
        ...


class Changes(Protocol):
    """Hints that something changed elsewhere; only ever a reason to look sooner."""

    async def wait(self, after: int, timeout: float) -> int:
        """Wait until something changed since turn `after`, at most `timeout` seconds.

        Returns:
            The newest turn; `after` when nothing happened.
        """
        ...
