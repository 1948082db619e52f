"""Follows the hub's hints, so that a change elsewhere is looked at at once."""

from __future__ import annotations

import asyncio

import aiohttp
import orjson

from idp.kernel.capability import Remote

WAIT_SECONDS = 25
RETRY_SECONDS = 2.0


class HubChanges:
    """Hands hints to those who wait; a hub that is silent costs them time, never correctness.

    Args:
        hub: The hub, with the instance's credential.
        own: Git repository that this instance runs from; it counts as changed whenever what
            changed is not known.
    """

    def __init__(self, hub: Remote, own: str) -> None:
        self._hub = hub
        self._own = own
        self._position = 0
        self._turn = 0
        self._condition = asyncio.Condition()
        self._repositories: asyncio.Queue[str] = asyncio.Queue()

    async def wait(self, after: int, timeout: float) -> int:
        """Wait until something may have changed since turn `after`; gives the turn to wait for.

        Returns after `timeout` seconds with the same number when nothing happened.
        """
        try:
            async with asyncio.timeout(timeout), self._condition:
                await self._condition.wait_for(lambda: self._turn > after)
        except TimeoutError:
            pass
        return self._turn

    def __aiter__(self) -> HubChanges:
        return self

    async def __anext__(self) -> str:
        """Address of the next Git repository that changed. For one reader."""
        return f"{self._hub.url}/git/{await self._repositories.get()}.git"

    async def run(self) -> None:
        """Follow until cancelled."""
        credential = aiohttp.encode_basic_auth(self._hub.username, self._hub.password)
        headers = {"Authorization": credential}
        async with aiohttp.ClientSession(headers=headers) as session:
            while True:
                try:
                    await self._follow(session)
                except (aiohttp.ClientError, TimeoutError, OSError, KeyError, ValueError):
                    await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, session: aiohttp.ClientSession) -> None:
        query = {"after": str(self._position), "wait": str(WAIT_SECONDS)}
        timeout = aiohttp.ClientTimeout(total=WAIT_SECONDS + 10)
        url = f"{self._hub.url}/api/v1/changes"
        async with session.get(url, params=query, timeout=timeout) as response:
            response.raise_for_status()
            answer = orjson.loads(await response.read())
        position = int(answer["position"])
        if position == self._position:
            return
        self._position = position
        for repository in changed_repositories(answer["changes"], self._own):
            self._repositories.put_nowait(repository)
        async with self._condition:
            self._turn += 1
            self._condition.notify_all()


def changed_repositories(changes: list[dict[str, str]] | None, own: str) -> list[str]:
    """Git repositories of an answer, each once; the own one when nothing is known. Pure."""
    if changes is None:
        return [own]
    names = (change["repository"] for change in changes if change["service"] == "git")
    return list(dict.fromkeys(names))
