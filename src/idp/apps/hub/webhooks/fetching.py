"""Brings in what was delivered: fetch from the configured address, then as any push.

A delivery is in SQL before it is answered, and marked after its fetch; killed in between, the next
process fetches again and finds nothing new. A fetch takes what is there now, so it does not matter
in which order deliveries come, nor what they claim.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from idp.apps.hub.backlog import work_off
from idp.apps.hub.webhooks.sources import Source, Sources
from idp.kernel.access import Principal, RepositoryAccess
from idp.kernel.errors import Forbidden, IdpError

log = structlog.get_logger(__name__)

Fetch = Callable[[Source, str], Awaitable[None]]
"""Fetches a source in the name of a user."""
Groups = Callable[[], dict[str, tuple[str, ...]]]
"""All users and their groups."""


class Fetching:
    """Runs until cancelled."""

    def __init__(
        self, sources: Sources, groups: Groups, access: RepositoryAccess, fetch: Fetch
    ) -> None:
        self._sources = sources
        self._groups = groups
        self._access = access
        self._fetch = fetch
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """A delivery was taken."""
        self._wake.set()

    async def demand_right(self, repository: str, actor: str) -> None:
        """Demand what `git push` would.

        Raises:
            Forbidden: The user is unknown or may not push there.
        """
        groups = (await asyncio.to_thread(self._groups)).get(actor)
        principal = None if groups is None else Principal(actor, groups)
        if not await self._access.allowed(principal, "git", repository, "push"):
            raise Forbidden(
                f"{actor} may not push to {repository}, so this webhook may not either",
                remedy="Give that user the right, or change `acts_as` or `people`.",
            )

    async def run(self) -> None:
        """Fetch what is open, again and again until it works."""
        await work_off("webhooks", self.fetch_open, self._wake)

    async def fetch_open(self) -> int:
        """One look; gives how many deliveries must be tried again."""
        left = 0
        for id, name, actor in await asyncio.to_thread(self._sources.open):
            source = await asyncio.to_thread(self._sources.get, name)
            try:
                if source is not None:
                    await self.demand_right(source.repository, actor)
                    await self._fetch(source, actor)
            except IdpError as error:
                log.warning("webhook not fetched", webhook=name, error=str(error))
                if error.retryable:
                    left += 1
                    continue
            await asyncio.to_thread(self._sources.done, id)
        return left
