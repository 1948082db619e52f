"""`release`: cuts a release of what was built: one signed artifact with all that makes it run."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from idp.capabilities.promotion.artifact import publish
from idp.capabilities.promotion.declaration import FILE_NAME, read_declaration
from idp.capabilities.promotion.kinds import (
    CommitId,
    Line,
    Name,
    ObjectName,
    ReleaseSource,
    ReleaseSpec,
    RepositoryName,
)
from idp.capabilities.promotion.ports import Repositories
from idp.capabilities.promotion.steps.pipeline import PipelineReader, UnprovenStep
from idp.kernel.capability import Signer
from idp.kernel.clock import timestamp
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, succeeded
from idp.protocols.oci.ports import Registry

_PLACEHOLDER = "sha256:" + "0" * 64


class ReleaseParameters(Model):
    """What to release.

    Attributes:
        application: Name of the application.
        repository: Its repository.
        commit: The commit that was built.
        author: Who pushed it.
        build: Name of the `build` step's object.
        sign: Name of the `sign` step's object: nothing is released that is not signed.
    """

    application: Name
    repository: RepositoryName
    commit: CommitId
    author: Line = Field(min_length=1)
    build: ObjectName
    sign: ObjectName


class ReleaseStep:
    """Reads `idp.yaml` at the commit, joins it with the build, publishes. Idempotent by content."""

    uses = "release"
    parameters = ReleaseParameters

    def __init__(
        self,
        reader: PipelineReader,
        registry: Registry,
        repositories: Repositories,
        signer: Signer,
    ) -> None:
        self._reader = reader
        self._registry = registry
        self._repositories = repositories
        self._signer = signer

    async def perform(self, run: StepRun, parameters: ReleaseParameters) -> Outcome:
        """Publish the release of a build."""
        if parameters.repository != f"{run.namespace}/{parameters.application}":
            raise UnprovenStep(
                f"{parameters.repository} is not the repository of {parameters.application} "
                f"in namespace {run.namespace}"
            )
        built = await self._reader.outputs(run, parameters.build, "build")
        await self._reader.outputs(run, parameters.sign, "sign")
        if built.get("commit") != parameters.commit:
            raise UnprovenStep(f"step {parameters.build} built {built.get('commit')}")
        repository = self._repositories(parameters.repository)
        commit = await repository.commit(parameters.commit)
        # The port reads directories; the file is at the root of a tree that was just built.
        files = await repository.files(parameters.commit)
        declared = read_declaration(files.get(FILE_NAME), parameters.application)
        spec = ReleaseSpec(
            application=parameters.application,
            version=f"r{commit.count}-{commit.id[:7]}",
            digest=_PLACEHOLDER,
            repository=parameters.repository,
            image=str(built.get("image", "")),
            source=ReleaseSource(
                repository=parameters.repository,
                commit=commit.id,
                count=commit.count,
                author=parameters.author,
                time=timestamp(commit.time),
            ),
            application_spec=declared.application_spec,
            configuration=declared.configuration,
        )
        digest = await publish(
            self._registry, _content(spec), spec.repository, spec.version, self._signer
        )
        return succeeded(
            f"released {spec.application} {spec.version}",
            version=spec.version,
            digest=digest,
            image=spec.image,
        )


def _content(spec: ReleaseSpec) -> dict[str, Any]:
    content: dict[str, Any] = spec.model_dump(mode="json", by_alias=True, exclude={"digest"})
    if content["configuration"] is None:
        del content["configuration"]
    return content
