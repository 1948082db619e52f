"""Access reviews in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence


class MemoryReviewer:
    """Implements `ports.Reviewer`: named users and members of named groups may approve."""

    def __init__(
        self,
        users: Sequence[str] = (),
        groups: Sequence[str] = (),
        overriders: Sequence[str] = (),
    ) -> None:
        self.users = set(users)
        self.groups = set(groups)
        self.overriders = set(overriders)

    async def may_approve(
        self,
        user: str,
        groups: Sequence[str],
        *,
        namespace: str,
        promotion: str,
        emergency: bool = False,
    ) -> bool:
        """Look into the sets."""
        if emergency:
            return user in self.overriders
        return user in self.users or bool(self.groups & set(groups))
