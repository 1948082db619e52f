"""Asks every instance side by side, each within a deadline: one that is silent holds up nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from idp.apps.hub.instances import Instances
from idp.kernel.access import Principal
from idp.kernel.client import Client
from idp.kernel.errors import DeadlineExceeded, IdpError, NotFound
from idp.kernel.resource import Manifest, ResourceType

DEADLINE_SECONDS = 5.0

Listed = Mapping[str, Sequence[Manifest]]
"""Kind -> the objects of one instance."""

Answer = TypeVar("Answer")


async def gather(
    instances: Instances,
    principal: Principal,
    ask: Callable[[Client], Awaitable[Answer]],
    *,
    environments: Sequence[str] = (),
    deadline: float = DEADLINE_SECONDS,
) -> dict[str, Answer | IdpError]:
    """What each instance answers with the caller's rights, or why it does not.

    Args:
        instances: The connections.
        principal: On whose behalf.
        ask: Called with each instance's API.
        environments: Which; all when empty.
        deadline: Seconds that one may take.
    """
    asked = tuple(environments) or instances.environments

    async def one(environment: str) -> Answer | IdpError:
        try:
            client = instances.client(environment, principal)
            async with asyncio.timeout(deadline):
                return await ask(client)
        except TimeoutError:
            return DeadlineExceeded(
                f"no answer within {deadline:.0f} s",
                remedy="`idp-cli status` shows what runs.",
            )
        except IdpError as error:
            return error

    return dict(zip(asked, await asyncio.gather(*map(one, asked)), strict=True))


def listing(
    *types: ResourceType, namespace: str | None = None
) -> Callable[[Client], Awaitable[Listed]]:
    """Asks for all objects of some kinds; a kind that an instance does not serve has none."""

    async def ask(client: Client) -> Listed:
        async def one(type_: ResourceType) -> Sequence[Manifest]:
            try:
                return (await client.list(type_, namespace)).items
            except NotFound:
                return ()

        lists = await asyncio.gather(*map(one, types))
        return {type_.kind: found for type_, found in zip(types, lists, strict=True)}

    return ask
