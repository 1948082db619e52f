"""A client process for `test_killed`: writes until it is told to end, across kills of the server.

`python killed_writer.py KUBECONFIG NAME` prints a line for each *acknowledged* write:

    create NAME VERSION
    patch NAME VERSION VALUE
    delete NAME

A write whose answer got lost is tried again until it is acknowledged. Ends with standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from idp.kernel.errors import AlreadyExists, IdpError, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig
from idp.kernel.resource import Manifest
from idp.kernel.standard import CONFIG_MAP

KEPT = 3
"""Of so many objects, one is deleted again."""
T = TypeVar("T")


async def acknowledged(write: Callable[[], Awaitable[T]]) -> T:
    """The answer to a write that is tried again while the server is away."""
    while True:
        try:
            return await write()
        except IdpError as error:
            if not error.retryable:
                raise
            await asyncio.sleep(0.02)


async def create(client: HttpClient, name: str) -> None:
    manifest = {"metadata": {"name": name, "namespace": "default"}, "data": {"value": "0"}}
    try:
        created = await acknowledged(lambda: client.create(CONFIG_MAP, manifest))
    except AlreadyExists:  # the answer to an earlier attempt was lost
        created = await acknowledged(lambda: client.get(CONFIG_MAP, name, "default"))
    print("create", name, version(created), flush=True)


async def patch(client: HttpClient, name: str, value: int) -> None:
    body = {"data": {"value": str(value)}}
    changed = await acknowledged(lambda: client.patch(CONFIG_MAP, name, body, "default"))
    print("patch", name, version(changed), value, flush=True)


async def delete(client: HttpClient, name: str) -> None:
    with contextlib.suppress(NotFound):  # the answer to an earlier attempt was lost
        await acknowledged(lambda: client.delete(CONFIG_MAP, name, "default"))
    print("delete", name, flush=True)


def version(manifest: Manifest) -> str:
    found: str = manifest["metadata"]["resourceVersion"]
    return found


async def main(kubeconfig: Path, writer: str) -> None:
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    async with HttpClient(settings_from_kubeconfig(kubeconfig)) as client:
        await create(client, f"{writer}-counter")
        number = 0
        while not ended.done():
            number += 1
            name = f"{writer}-{number}"
            await create(client, name)
            await patch(client, f"{writer}-counter", number)
            if number % KEPT == 0:
                await delete(client, name)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
