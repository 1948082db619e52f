"""Step `sign`: vouch for the image that a build made, and attach its provenance."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from idp.capabilities.promotion.kinds import PipelineStep
from idp.capabilities.signing.builds import outputs_of
from idp.capabilities.signing.provenance import provenance
from idp.kernel.capability import Signer
from idp.kernel.client import Client
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, succeeded
from idp.protocols.oci.ports import Registry
from idp.protocols.signing.attestations import attach
from idp.protocols.signing.cosign import sign_digest
from idp.protocols.signing.predicates import SLSA_PROVENANCE


class SignParameters(Model):
    """What to sign.

    Attributes:
        build: Name of the build's PipelineStep, in the same namespace.
    """

    build: str


class SignStep:
    """Signs in the name of this environment.

    Signatures are deterministic and content-addressed, so a repeated call changes nothing.
    """

    uses = "sign"
    parameters: type[Model] = SignParameters

    def __init__(self, *, client: Client, registry: Registry, signer: Signer, git: str) -> None:
        """Take what the step works with.

        Args:
            client: The instance's API.
            registry: Where the image is.
            signer: The environment's key.
            git: Address of the Git server.
        """
        self._client = client
        self._registry = registry
        self._signer = signer
        self._git = git

    async def perform(self, run: StepRun, parameters: Any) -> Outcome:
        """Sign and attest.

        Raises:
            NotFound: The build or its image is not there.
            Invalid: The build may not be signed.
        """
        manifest = await self._client.get(PipelineStep.type(), parameters.build, run.namespace)
        build = PipelineStep.parse(manifest)
        outputs = outputs_of(build, run.namespace)
        repository, digest = outputs.repository, outputs.digest
        source = f"{self._git}/git/{outputs.source}.git"
        predicate = provenance(build, outputs, source, version("idp"))
        attested = await attach(
            self._registry, repository, digest, SLSA_PROVENANCE, predicate, self._signer
        )
        signature = await sign_digest(
            self._registry, repository, digest, self._signer, annotations={"commit": outputs.commit}
        )
        return succeeded(
            f"signed {repository}@{digest} and its provenance",
            reason="Signed",
            signature=signature.digest,
            provenance=attested.digest,
        )
