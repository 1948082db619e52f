"""`Release`: what moves."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from idp.capabilities.promotion.kinds.words import (
    CommitId,
    Digest,
    ImageReference,
    Line,
    Name,
    RepositoryName,
    Version,
)
from idp.kernel.resource import KindDefinition, Model, PrinterColumn, Resource, Status


class ReleaseSource(Model):
    """Where a release comes from.

    Attributes:
        repository: Git repository, `namespace/name`.
        commit: Full commit id.
        count: Commits up to and including this one: later releases of a branch have more.
        author: User who pushed it.
        time: When it was committed, RFC 3339.
    """

    repository: RepositoryName
    commit: CommitId
    count: int = Field(ge=1)
    author: Line
    time: Line


class ReleaseSpec(Model):
    """A release as it was cut; it never changes.

    Attributes:
        application: Name of the WebApplication.
        version: Such as `r12-3fa9c1d`: commits on the branch and the commit.
        digest: Digest of the signed OCI artifact that is the release.
        repository: Repository of that artifact and of the image, `namespace/name`.
        image: What runs.
        source: Where it comes from.
        application_spec: The WebApplication's spec of that commit, without an image.
        configuration: The ApplicationConfiguration's spec of that commit, when there is one.
    """

    application: Name
    version: Version
    digest: Digest
    repository: RepositoryName
    image: ImageReference
    source: ReleaseSource
    application_spec: dict[str, Any] = Field(default_factory=dict)
    configuration: dict[str, Any] | None = None


class ReleaseStatus(Status):
    """What this instance knows of a release.

    Attributes:
        verified_in: Environments whose valid attestation says that they verified it.
        promotion: The newest promotion of this release here.
    """

    verified_in: list[str] = Field(default_factory=list)
    promotion: str = ""


class Release(Resource[ReleaseSpec, ReleaseStatus]):
    """Image, application and configuration of one commit, content-addressed and signed."""

    definition: ClassVar[KindDefinition] = KindDefinition(
        plural="releases",
        short_names=("rel",),
        columns=(
            PrinterColumn(name="Application", path=".spec.application"),
            PrinterColumn(name="Version", path=".spec.version"),
            PrinterColumn(name="Admitted", path='.status.conditions[?(@.type=="Admitted")].status'),
            PrinterColumn(name="Verified in", path=".status.verifiedIn"),
        ),
        validations=(("self.spec == oldSelf.spec", "a release never changes: cut a new one"),),
    )
