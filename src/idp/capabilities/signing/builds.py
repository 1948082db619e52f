"""What a finished build says about itself, as its step's outputs hold it. Pure."""

from __future__ import annotations

from pydantic import ConfigDict, Field, ValidationError

from idp.capabilities.promotion.kinds import Digest, PipelineStep
from idp.kernel.errors import Invalid
from idp.kernel.resource import Model


class _Reported(Model):
    """Part of the outputs; what provenance does not need is ignored."""

    model_config = ConfigDict(extra="ignore")


class Material(_Reported):
    """Something that went in besides the source: an in-toto `ResourceDescriptor`.

    Attributes:
        uri: Where it comes from, such as a package URL.
        name: For people; empty when the address says it.
        digest: Algorithm -> hexadecimal digest; empty when the lock allowed several files.
    """

    uri: str
    name: str = ""
    digest: dict[str, str] = Field(default_factory=dict)


class BuildOutputs(_Reported):
    """The part of a build's outputs that provenance needs.

    Attributes:
        repository: Of the image, `namespace/name`.
        digest: Of the image's manifest.
        source: Git repository, `namespace/name`.
        commit: Full commit id of the source.
        builder: Name of a part of the builder -> its version.
        materials: What went in besides the source: the lock file, and what was installed.
    """

    repository: str = Field(pattern=r"^[^/\s]+/[^/\s]+$")
    digest: Digest
    source: str = Field(pattern=r"^[^/\s]+/[^/\s]+$")
    commit: str = Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")
    builder: dict[str, str] = Field(default_factory=dict)
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
