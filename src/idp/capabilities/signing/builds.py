"""What a finished build says about itself, as its step's outputs hold it. Pure."""

from __future__ import annotations

from pydantic import ConfigDict, Field, ValidationError

from idp.capabilities.promotion.kinds import Digest, PipelineStep
from idp.kernel.errors import Invalid
from idp.kernel.resource import Model


class Material(Model):
    """Something that went into a build (in-toto `ResourceDescriptor`).

    Attributes:
        uri: Where it came from.
        digest: Algorithm -> value.
        name: Its name within the build; empty when the address says enough.
    """

    model_config = ConfigDict(extra="ignore")

    uri: str
    digest: dict[str, str]
    name: str = ""


class BuildOutputs(Model):
    """The part of a build's outputs that provenance needs.

    Attributes:
        repository: Of the image, and of the source: `namespace/name`.
        digest: Of the image's manifest.
        commit: Full commit id of the source.
        materials: Everything else that went in.
    """

    model_config = ConfigDict(extra="ignore")

    repository: str = Field(pattern=r"^[^/\s]+/[^/\s]+$")
    digest: Digest
    commit: str = Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")
    materials: list[Material] = Field(default_factory=list)


def outputs_of(build: PipelineStep, namespace: str) -> BuildOutputs:
    """Read the outputs of a build that may be signed.

    Args:
        build: The step.
        namespace: In which the signing pipeline runs. It signs nothing outside.

    Raises:
        Invalid: The step is no successful build, its outputs are not whole, or its image belongs
            to another namespace.
    """
    if build.spec.uses != "build" or build.status is None or build.status.phase != "Succeeded":
        raise Invalid(
            f"{build.name} is not a successful build",
            remedy="Name the build step of the same pipeline, and run after it.",
        )
    try:
        outputs = BuildOutputs.model_validate(build.status.outputs)
    except ValidationError as error:
        raise Invalid(f"the outputs of {build.name} are not those of a build: {error}") from error
    if not outputs.repository.startswith(f"{namespace}/"):
        raise Invalid(
            f"{build.name} built {outputs.repository}, which does not belong to {namespace}",
            remedy=f"Only images of {namespace} are signed in this namespace.",
        )
    return outputs
