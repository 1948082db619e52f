"""Bills of materials: of a folder, made here; of a release, as it was attested."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from idp.apps.cli.connection import connect
from idp.apps.cli.proof import contents_of, find_release
from idp.apps.platform.layout import Layout
from idp.capabilities.scanning.packages import catalogue
from idp.capabilities.scanning.sbom import source_bill
from idp.capabilities.scanning.tree import read_tree
from idp.kernel.errors import NotFound


def bill_of_folder(folder: Path) -> dict[str, Any]:
    """What the lock files and manifests of a folder name, as CycloneDX.

    Raises:
        NotFound: There is no such folder.
        TooLarge, Invalid: It is over a limit.
    """
    place = folder.expanduser().resolve()
    found = catalogue(read_tree(place), installed=False)
    return source_bill(place.name or "root", found, version("idp"))


async def bill_of_release(
    layout: Layout, user: str | None, environment: str, namespace: str, release: str
) -> dict[str, Any]:
    """What was attested about a release, `application` or `application:version`.

    Raises:
        NotFound: There is no such release, or no attested document of its image that holds.
    """
    name, _, wanted = release.partition(":")
    async with connect(layout, user) as platform:
        found = await find_release(platform, environment, namespace, name, wanted or None)
        document = dict((await contents_of(platform, environment, found)).bill_of_materials)
    if not document:
        raise NotFound(
            f"no bill of materials of {release} holds",
            remedy=f"`idp-cli signing verify {name} -e {environment}` shows what is attested.",
        )
    return document
