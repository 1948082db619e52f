"""The logs of all replicas of an application, line by line, with the caller's rights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from idp.kernel.errors import IdpError, NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.standard import POD

NAME_LABEL = "app.kubernetes.io/name"
LONGEST_LINE = 16 * 1024
_QUEUE = 1000


async def replicas(client: HttpClient, namespace: str, application: str) -> list[str]:
    """Names of the pods of an application.

    Raises:
        NotFound: There is none.
    """
    listed = await client.list(POD, namespace, label_selector=f"{NAME_LABEL}={application}")
    if not listed.items:
        raise NotFound(
            f"{application} has no replica here",
            remedy="The application's page shows what it waits for.",
        )
    return sorted(pod["metadata"]["name"] for pod in listed.items)


async def lines(
    client: HttpClient, namespace: str, pods: list[str], *, tail: int, follow: bool
) -> AsyncIterator[tuple[str, str]]:
    """Lines of all pods as they come, each with its pod's name, until all ended."""
    queue: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue(_QUEUE)

    async def read(pod: str) -> None:
        rest = b""
        try:
            async for chunk in client.logs(pod, namespace, follow=follow, tail_lines=tail):
                *complete, rest = (rest + chunk).split(b"\n")
                for line in complete:
                    await queue.put((pod, text_of(line)))
                if len(rest) > LONGEST_LINE:
                    await queue.put((pod, text_of(rest)))
                    rest = b""
            if rest:
                await queue.put((pod, text_of(rest)))
        except IdpError as error:
            await queue.put((pod, f"(the log ends: {error.message})"))
        finally:
            await queue.put(None)

    tasks = [asyncio.create_task(read(pod)) for pod in pods]
    try:
        ended = 0
        while ended < len(pods):
            item = await queue.get()
            if item is None:
                ended += 1
            else:
                yield item
    finally:
        for task in tasks:
            task.cancel()


def text_of(line: bytes) -> str:
    """A line as text, without what is not text. Pure."""
    text = line[:LONGEST_LINE].decode(errors="replace").rstrip("\r")
    return "".join(c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
