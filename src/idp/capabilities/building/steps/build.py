"""`uses: build`: check out a commit, build an image of it, push it by digest."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from idp.capabilities.applications.kinds import Name
from idp.capabilities.building.build import Builder, BuiltImage
from idp.capabilities.building.render import Origin
from idp.kernel.clock import timestamp
from idp.kernel.resource import Model
from idp.kernel.step import Outcome, StepRun, succeeded
from idp.protocols.git.ports import Commit, Repository


class BuildParameters(Model):
    """What is built.

    Attributes:
        namespace: Of the application.
        application: Its name.
        repository: Git repository, `namespace/name`.
        revision: Branch, tag or commit.
        author: Who pushed it, for the record.
    """

    namespace: Name
    application: Name
    repository: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$", max_length=255)
    revision: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=255)
    author: str = Field(default="", max_length=320)


@dataclass(frozen=True, slots=True)
class BuildStep:
    """The step. Called again after a crash it begins anew: the same commit gives the same image.

    Attributes:
        builder: Builds and pushes.
        registry_host: `host:port`, as image references name the registry.
        open_repository: The Git repository of a name.
        work: Holds a folder per running build.
    """

    builder: Builder
    registry_host: str
    open_repository: Callable[[str], Repository]
    work: Path

    uses = "build"
    parameters = BuildParameters

    async def perform(self, run: StepRun, parameters: BuildParameters) -> Outcome:
        """Build. See `Step.perform`."""
        folder = self.work / run.uid
        try:
            return await self._build(run, parameters, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _build(self, run: StepRun, parameters: BuildParameters, folder: Path) -> Outcome:
        git = self.open_repository(parameters.repository)
        await run.report(f"checking out {parameters.repository} at {parameters.revision}")
        commit = await git.commit(parameters.revision)
        shutil.rmtree(folder, ignore_errors=True)
        source = folder / "source"
        source.mkdir(parents=True)
        await git.export(commit.id, source)
        target = f"{parameters.namespace}/{parameters.application}"
        built = await self.builder.build(
            source,
            Origin(parameters.application, parameters.repository, commit.id, commit.time),
            target,
            folder / "work",
            run.report,
        )
        image = f"{self.registry_host}/{target}@{built.digest}"
        return succeeded(
            f"built {image} ({built.explanation})",
            reason="Built",
            image=image,
            digest=built.digest,
            repository=target,
            **_record(built, commit, parameters),
        )


def _record(built: BuiltImage, commit: Commit, parameters: BuildParameters) -> dict[str, Any]:
    """The facts that provenance needs."""
    lock = {"file": built.lock, "digest": built.lock_digest} if built.lock else None
    return {
        "source": parameters.repository,
        "commit": commit.id,
        "commitCount": commit.count,
        "commitTime": timestamp(commit.time),
        "author": parameters.author or commit.author,
        "builder": built.builder,
        "materials": {
            "lock": lock,
            "dependencies": [dependency.as_json() for dependency in built.dependencies],
        },
        "base": built.base,
    }
