"""`uses: build`: check out a commit, build an image of it, push it by digest."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
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
from idp.protocols.oci.ports import Registry


class BuildParameters(Model):
    """What is built.

    Attributes:
        application: Name of the application; its namespace is that of the step.
        repository: Git repository, `namespace/name`.
        revision: Branch, tag or commit.
        author: Who pushed it, for the record; empty takes the commit's author.
    """

    application: Name
    repository: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$", max_length=255)
    revision: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=255)
    author: str = Field(default="", max_length=320)


@dataclass(frozen=True)
class BuildStep:
    """The step. Called again after a crash it begins anew: the same commit gives the same image.

    Attributes:
        builder: Builds images.
        registry_host: `host:port`, as image references name the registry.
        open_registry: A connection to it.
        open_repository: The Git repository of a name.
        work: Holds a folder per running build.
    """

    builder: Builder
    registry_host: str
    open_registry: Callable[[], AbstractAsyncContextManager[Registry]]
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
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _build(self, run: StepRun, parameters: BuildParameters, folder: Path) -> Outcome:
        git = self.open_repository(parameters.repository)
        await run.report(f"checking out {parameters.repository} at {parameters.revision}")
        commit = await git.commit(parameters.revision)
        source = await asyncio.to_thread(_new_folder, folder / "source")
        await git.export(commit.id, source)
        target = f"{run.namespace}/{parameters.application}"
        async with self.open_registry() as registry:
            built = await self.builder.build(
                source,
                Origin(parameters.application, parameters.repository, commit.id, commit.time),
                registry=registry,
                repository=target,
                work=folder / "work",
                report=run.report,
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
    return {
        "source": parameters.repository,
        "commit": commit.id,
        "commitCount": commit.count,
        "commitTime": timestamp(commit.time),
        "author": parameters.author or commit.author,
        "builder": built.builder,
        "materials": _materials(built, commit, parameters.repository),
        "base": built.base,
    }


def _materials(built: BuiltImage, commit: Commit, repository: str) -> list[dict[str, Any]]:
    """What went in besides the commit itself (in-toto `ResourceDescriptor`s): lock, packages."""
    materials = [dependency.as_material() for dependency in built.dependencies]
    if not built.lock:
        return materials
    lock = {
        "uri": f"git+{repository}@{commit.id}#{built.lock}",
        "name": built.lock,
        "digest": {"sha256": built.lock_digest.removeprefix("sha256:")},
    }
    return [lock, *materials]


def _new_folder(folder: Path) -> Path:
    """An empty folder, whatever a build that was killed left there."""
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
