"""Compares an image with the advisories of the day, outside any pipeline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.metadata import version

from idp.capabilities.scanning.contents import is_metadata, read_contents
from idp.capabilities.scanning.image import read_image
from idp.capabilities.scanning.reports import ScannerReport
from idp.capabilities.scanning.sbom import bill_of_materials, read_bill
from idp.capabilities.scanning.scanners.dependencies import Dependencies
from idp.capabilities.scanning.subjects import Subject
from idp.capabilities.scanning.workspace import Workspace
from idp.protocols.oci.ports import Registry


@dataclass(frozen=True, slots=True)
class Comparison:
    """Reads an image and matches what it contains.

    Attributes:
        registry: Where images are.
        dependencies: The scanner.
        workspace: For temporary files.
    """

    registry: Registry
    dependencies: Dependencies
    workspace: Workspace

    async def __call__(self, subject: Subject) -> ScannerReport:
        """The report of `dependencies` about an image.

        Raises:
            Invalid: The image cannot be read.
            TooLarge: It is over a limit.
        """
        with self.workspace.folder() as folder:
            image = await read_image(
                self.registry, subject.repository, subject.digest, folder, is_metadata
            )
            contents = await asyncio.to_thread(read_contents, image)
        bill = read_bill(bill_of_materials(image, contents, version("idp")))
        return await asyncio.to_thread(self.dependencies.match, bill)
