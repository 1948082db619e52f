"""A new application from a template: asked of the hub, cloned, followed until it answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import typer

from idp.apps.cli.connection import connect
from idp.apps.cli.follow import follow_promotion, follow_push
from idp.apps.cli.git_push import clone
from idp.apps.cli.output import write_table
from idp.apps.cli.progress import Progress
from idp.apps.platform.layout import Layout
from idp.kernel.errors import AlreadyExists


async def list_templates(layout: Layout, user: str | None) -> None:
    """Write the templates and what each asks for."""
    async with connect(layout, user) as platform:
        known = await platform.hub("GET", "/templates")
    rows = [
        [t["name"], ", ".join(t["valuesSchema"]["properties"]), t["description"]] for t in known
    ]
    write_table(("template", "values", "description"), rows)


async def show_preview(layout: Layout, user: str | None, wanted: dict[str, Any]) -> None:
    """Write every file that would be made."""
    async with connect(layout, user) as platform:
        files = await platform.hub("POST", "/creations/preview", wanted)
    for file in files:
        typer.echo(f"--- {file['path']}\n{file['content']}")


async def make(layout: Layout, user: str | None, wanted: dict[str, Any], folder: Path) -> None:
    """Make it, clone it, and follow it until it answers.

    Raises:
        AlreadyExists: The folder, the repository or the application is there; nothing was changed.
    """
    if folder.exists():
        raise AlreadyExists(
            f"{folder} exists", remedy="Choose another folder with --folder; nothing was made."
        )
    async with connect(layout, user) as platform:
        assert platform.session is not None
        made = await platform.hub("POST", "/creations", wanted)
        url = f"{platform.settings.hub_url}/git/{made['repository']}.git"
        await asyncio.to_thread(clone, url, folder, platform.session)
        first = platform.instance(platform.environments[0])
        with Progress(made["repository"]) as progress:
            release = await follow_push(
                first,
                progress,
                progress.root.child("pipeline"),
                namespace=made["namespace"],
                application=made["name"],
                commit=made["commit"],
            )
            await follow_promotion(
                first,
                progress,
                progress.root.child(platform.environments[0]),
                namespace=made["namespace"],
                application=made["name"],
                release=release["metadata"]["name"],
            )
    typer.echo(f"Its code is in {folder}; change it, commit, and `idp-cli deploy {folder}`.")
