"""What signing registers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from idp.capabilities.signing.kinds import TrustPolicy
from idp.capabilities.signing.steps.sign import SignStep
from idp.kernel.capability import Capability, Context
from idp.kernel.step import Step
from idp.protocols.oci.client import HttpRegistry


def _steps(context: Context) -> Sequence[Step]:
    return [
        SignStep(
            client=context.client,
            registry=HttpRegistry(context.registry),
            signer=context.signer,
            git=context.git.url,
        )
    ]


CAPABILITY = Capability(
    name="signing",
    kinds=(TrustPolicy,),
    steps=_steps,
    migrations=(Path(__file__).parent / "migrations",),
)
