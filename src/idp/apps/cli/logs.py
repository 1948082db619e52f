"""The logs of all replicas of an application."""

from __future__ import annotations

import asyncio
import sys

from idp.apps.cli.connection import connect
from idp.apps.platform.layout import Layout
from idp.kernel.errors import NotFound
from idp.kernel.http_client import HttpClient
from idp.kernel.standard import POD


async def show_logs(
    layout: Layout,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    *,
    follow: bool,
    tail: int,
) -> None:
    """Write the logs, each line behind its replica's name when there are several.

    Raises:
        NotFound: No replica runs.
    """
    async with connect(layout, user) as platform:
        client = platform.instance(environment)
        selector = f"app.kubernetes.io/name={name}"
        pods = (await client.list(POD, namespace, label_selector=selector)).items
        if not pods:
            raise NotFound(
                f"{name} has no replica in {environment}",
                remedy=f"`idp-cli app {name} -n {namespace}` shows what it waits for.",
            )
        names = [pod["metadata"]["name"] for pod in pods]
        async with asyncio.TaskGroup() as group:
            for pod in names:
                prefix = f"{pod} " if len(names) > 1 else ""
                group.create_task(_copy(client, namespace, pod, prefix, follow, tail))


async def _copy(
    client: HttpClient, namespace: str, pod: str, prefix: str, follow: bool, tail: int
) -> None:
    rest = b""
    async for chunk in client.logs(pod, namespace, follow=follow, tail_lines=tail):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            _write(prefix, line)
    if rest:
        _write(prefix, rest)


def _write(prefix: str, line: bytes) -> None:
    # What an application writes must not steer the terminal that shows it.
    text = line.decode(errors="replace").translate(_CONTROL)
    sys.stdout.write(f"{prefix}{text}\n")
    sys.stdout.flush()


_CONTROL = {code: "\N{REPLACEMENT CHARACTER}" for code in range(32) if code != 9}
