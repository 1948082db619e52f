"""Registers the area."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from urllib.parse import urlsplit

from idp.capabilities.building.build import Builder
from idp.capabilities.building.clients.host import host_runtime
from idp.capabilities.building.clients.uv import UvInstaller
from idp.capabilities.building.dependencies import DependencyLayers
from idp.capabilities.building.layer_cache import LayerCache
from idp.capabilities.building.steps.build import BuildStep
from idp.kernel.capability import Capability, Context
from idp.kernel.step import Step
from idp.protocols.git.client import GitRepository
from idp.protocols.git.ports import Repository
from idp.protocols.oci.client import HttpRegistry


def _steps(context: Context) -> Sequence[Step]:
    folder = context.data / "building"
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)  # of builds that died with an earlier process
    runtime = host_runtime()

    def open_repository(name: str) -> Repository:
        return GitRepository(
            f"{context.git.url}/git/{name}.git",
            context.git.username,
            context.git.password,
            cache=folder / "git",
        )

    return (
        BuildStep(
            builder=Builder(
                DependencyLayers(
                    UvInstaller(
                        runtime, folder / "uv-cache", settings=context.options.get("uv", {})
                    ),
                    runtime,
                    LayerCache(folder / "layers"),
                )
            ),
            registry_host=urlsplit(context.registry.url).netloc,
            open_registry=lambda: HttpRegistry(context.registry),
            open_repository=open_repository,
            work=work,
        ),
    )


CAPABILITY = Capability(name="building", steps=_steps)
