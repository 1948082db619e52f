"""Step `sbom`: write down what a built image is made of, signed."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

from idp.capabilities.scanning.contents import is_metadata, read_contents
from idp.capabilities.scanning.image import read_image
from idp.capabilities.scanning.sbom import bill_of_materials
from idp.capabilities.scanning.subjects import BuildParameters, subject_of_build
from idp.capabilities.scanning.workspace import Workspace
from idp.kernel.capability import Signer
from idp.kernel.client import Client
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, succeeded
from idp.protocols.oci.ports import Registry
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.predicates import CYCLONEDX


class SbomStep:
    """Attests a CycloneDX document. The same image gives the same attestation."""

    uses = "sbom"
    parameters: type[Model] = BuildParameters

    def __init__(
        self, *, client: Client, registry: Registry, signer: Signer, workspace: Workspace
    ) -> None:
        self._client = client
        self._registry = registry
        self._signer = signer
        self._workspace = workspace

    async def perform(self, run: StepRun, parameters: Any) -> Outcome:
        """Read the image, write the document, attach it.

        Raises:
            NotFound: The build or its image is not there.
            Invalid: The image cannot be read.
            TooLarge: The image is over a limit.
        """
        subject = await subject_of_build(self._client, parameters.build, run.namespace)
        await run.report(f"reading {subject.repository}@{subject.digest}")
        with self._workspace.folder() as folder:
            image = await read_image(
                self._registry, subject.repository, subject.digest, folder, is_metadata
            )
            contents = await asyncio.to_thread(read_contents, image)
        count = len(contents.distributions) + len(contents.found.packages)
        document = bill_of_materials(image, contents, version("idp"))
        attested = await attach(
            self._registry, subject.repository, subject.digest, CYCLONEDX, document, self._signer
        )
        return succeeded(
            f"{count} packages and {contents.own_files} own files",
            reason="Attested",
            digest=subject.digest,
            attestation=attested.digest,
            components=len(document["components"]),
        )
