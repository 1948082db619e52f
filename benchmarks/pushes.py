"""A small change to the demo's application, pushed with `git push`, and waiting for its effects."""

from __future__ import annotations

import asyncio
import itertools
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.stage import Stage
from idp.apps.cli.connection import load_session
from idp.apps.cli.demo.examples import NAMESPACE
from idp.apps.cli.demo.users import DEVELOPER
from idp.apps.cli.follow import find_promotion
from idp.apps.cli.git_push import push
from idp.capabilities.promotion.kinds import Release
from idp.kernel.http_client import HttpClient
from idp.kernel.kubeconfig import settings_from_kubeconfig

APPLICATION = "hello"
PERIOD = 0.05
DEADLINE = 120.0
_VERSION = re.compile(r'^VERSION = "(.*)"$', re.MULTILINE)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that was pushed.

    Attributes:
        started: When the push began, by the monotonic clock.
        commit: Its first seven digits, with which the release's version ends.
    """

    started: float
    commit: str


async def push_change(stage: Stage) -> Change:
    """Change one line, commit, push."""
    folder = stage.layout.folder / "demo" / APPLICATION
    _commit_change(folder)
    url = f"{stage.settings.hub_url}/git/{NAMESPACE}/{APPLICATION}.git"
    session = load_session(stage.layout, DEVELOPER.name)
    started = time.monotonic()
    pushed = await asyncio.to_thread(push, folder, url, session)
    return Change(started, pushed.commit[:7])


def _commit_change(folder: Path) -> None:
    source = folder / "src" / "hello" / "server.py"
    version = f'VERSION = "1.0.{next(_numbers)}"'
    source.write_text(_VERSION.sub(version, source.read_text()))
    git = ["git", "-C", str(folder), "-c", "user.name=Maya", "-c", "user.email=maya@example.com"]
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", "Count on"], check=True)


async def until_answering(stage: Stage, environment: str, change: Change) -> float:
    """Wait until the changed application answers 200 at the gateway; gives when."""
    url, headers = stage.url(APPLICATION, environment)
    async with aiohttp.ClientSession(headers=headers) as session, asyncio.timeout(DEADLINE):
        while True:
            async with session.get(url) as response:
                if response.status == 200:
                    answer = await response.json()
                    if answer["release"].endswith(change.commit):
                        return time.monotonic()
            await asyncio.sleep(PERIOD)


async def promotion_seconds(stage: Stage, environment: str, change: Change) -> float:
    """Wait for the promotion of a change to succeed; gives the time since it was created.

    Raises:
        RuntimeError: It ended otherwise; with its message.
    """
    kubeconfig = stage.layout.instance(environment).kubeconfig
    client = HttpClient(settings_from_kubeconfig(kubeconfig))
    created: float | None = None
    try:
        async with asyncio.timeout(DEADLINE):
            while True:
                status = await _promotion_status(client, change)
                if status is not None and created is None:
                    created = time.monotonic()
                phase = (status or {}).get("phase")
                if created is not None and phase == "Succeeded":
                    return time.monotonic() - created
                if phase in ("Failed", "Superseded"):
                    raise RuntimeError((status or {})["message"])
                await asyncio.sleep(PERIOD)
    finally:
        await client.close()


async def _promotion_status(client: HttpClient, change: Change) -> dict[str, Any] | None:
    """Status of the promotion; None while there is none."""
    release = await _release_name(client, change)
    if release is None:
        return None
    promotion = await find_promotion(client, NAMESPACE, APPLICATION, release)
    return None if promotion is None else promotion.get("status") or {}


async def _release_name(client: HttpClient, change: Change) -> str | None:
    for release in (await client.list(Release.type(), NAMESPACE)).items:
        if release["spec"]["version"].endswith(change.commit):
            return str(release["metadata"]["name"])
    return None
