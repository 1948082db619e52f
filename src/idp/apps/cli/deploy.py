"""From a folder to a running application in the first environment."""

from __future__ import annotations

import asyncio
from pathlib import Path

from idp.apps.cli.connection import Platform, connect
from idp.apps.cli.follow import follow_promotion, follow_push
from idp.apps.cli.git_push import push
from idp.apps.cli.progress import Progress
from idp.apps.cli.tree import Line
from idp.apps.platform.layout import Layout
from idp.kernel.resource import Manifest


async def deploy(layout: Layout, user: str | None, folder: Path, namespace: str, name: str) -> None:
    """Push, and follow the pipeline and the first promotion."""
    async with connect(layout, user) as platform:
        with Progress(f"{namespace}/{name}") as progress:
            release = await push_and_follow(
                platform, progress, progress.root, folder, namespace, name
            )
            first = platform.environments[0]
            await follow_promotion(
                platform.instance(first),
                progress,
                progress.root.child(first),
                namespace=namespace,
                application=name,
                release=release["metadata"]["name"],
            )


async def push_and_follow(
    platform: Platform, progress: Progress, parent: Line, folder: Path, namespace: str, name: str
) -> Manifest:
    """Push a folder and follow its pipeline; gives the Release that it cut."""
    assert platform.session is not None
    url = f"{platform.settings.hub_url}/git/{namespace}/{name}.git"
    pushing = parent.child("git push")
    progress.update(pushing, "running", url)
    try:
        pushed = await asyncio.to_thread(push, folder, url, platform.session)
    except Exception:
        progress.update(pushing, "failed", url)
        raise
    progress.update(pushing, "done", f"{pushed.commit[:7]} to {url}")
    return await follow_push(
        platform.instance(platform.environments[0]),
        progress,
        parent.child("pipeline"),
        namespace=namespace,
        application=name,
        commit=pushed.commit,
    )
