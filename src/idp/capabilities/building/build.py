"""Building an image: gather, decide, make the layers, push."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from idp.capabilities.building.decide import Plan, PythonPlan, StaticPlan, decide
from idp.capabilities.building.dependencies import DependencyLayers
from idp.capabilities.building.facts import FILE as FACTS_FILE
from idp.capabilities.building.facts import MAX_SIZE, Facts, read_facts
from idp.capabilities.building.layers import Entry, Layer, write_layer
from idp.capabilities.building.locks import MAX_LOCK, Dependency
from idp.capabilities.building.ports import Report
from idp.capabilities.building.render import (
    SCRIPTS,
    Origin,
    render_config,
    render_manifest,
)
from idp.capabilities.building.site_packages import script_entries
from idp.capabilities.building.source import SourceTree, scan
from idp.protocols.oci.ports import IMAGE_CONFIG, LAYER_GZIP, Registry
from idp.protocols.oci.reference import digest_of
from idp.protocols.oci.runtime import HOST_BASE


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """What a build made.

    Attributes:
        digest: Of the image's manifest.
        explanation: What the source was taken for, and why.
        lock: Name of the lock file; empty for a static site.
        lock_digest: SHA-256 of it; empty likewise.
        dependencies: What was installed.
        builder: Versions of what built it, and what confined it.
        base: `host`.
    """

    digest: str
    explanation: str
    lock: str
    lock_digest: str
    dependencies: tuple[Dependency, ...]
    builder: dict[str, str]
    base: str = HOST_BASE


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds images.

    Attributes:
        dependencies: Makes the layer of a Python project's dependencies.
    """

    dependencies: DependencyLayers

    async def build(
        self,
        source: Path,
        origin: Origin,
        *,
        registry: Registry,
        repository: str,
        work: Path,
        report: Report,
    ) -> BuiltImage:
        """Build a source tree and push the image by digest.

        Args:
            source: The tree; only read.
            origin: Where it comes from.
            registry: Where the image goes.
            repository: Image repository, `namespace/name`.
            work: A folder of this build's own; emptied first.
            report: Told what is being done.

        Raises:
            IdpError: With what is wrong with the source, or who does not answer.
        """
        work = work.absolute()
        tree, facts, plan = await asyncio.to_thread(self._look, source.absolute(), origin, work)
        await report(plan.explanation)
        resolved: list[Dependency] = []
        if isinstance(plan, PythonPlan):
            resolved = await self.dependencies.resolve(tree, plan, work)
            await report(f"resolving {len(resolved)} packages from {plan.lock}")
            base = await self.dependencies.layer(resolved, work, report)
            layers = [("dependencies", base)] if base else []
        else:
            layers = [("static server", await asyncio.to_thread(_server_layer, work))]
        entries = _application_entries(tree, plan)
        code = await asyncio.to_thread(write_layer, work / "application.tar.gz", entries)
        layers.append(("application", code))
        runtime = self.dependencies.runtime
        config = render_config(
            plan,
            origin,
            layers,
            port=facts.port,
            architecture=runtime.architecture,
            runtime_version=runtime.minor_version,
        )
        return BuiltImage(
            digest=await _push(registry, repository, config, layers, origin, report),
            explanation=plan.explanation,
            lock=plan.lock if isinstance(plan, PythonPlan) else "",
            lock_digest=_lock_digest(tree, plan),
            dependencies=tuple(resolved),
            builder=await self._versions(),
        )

    def _look(self, source: Path, origin: Origin, work: Path) -> tuple[SourceTree, Facts, Plan]:
        """Gather and decide; in a thread, for reading a large lock takes a while."""
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        tree = scan(source)
        facts = read_facts(tree.read(FACTS_FILE, MAX_SIZE), origin.application)
        return (
            tree,
            facts,
            decide(tree.paths(), tree.read, facts, self.dependencies.runtime.version),
        )

    async def _versions(self) -> dict[str, str]:
        installer = self.dependencies.installer
        name, _, number = (await installer.version()).partition(" ")
        return {
            "idp": version("idp"),
            "python": self.dependencies.runtime.version,
            name: number,
            "sandbox": await installer.sandbox(),
        }


async def _push(
    registry: Registry,
    repository: str,
    config: dict[str, Any],
    layers: Sequence[tuple[str, Layer]],
    origin: Origin,
    report: Report,
) -> str:
    pushed = []
    for number, (_, layer) in enumerate(layers, 1):
        size = f"{layer.size / 10**6:.1f} MB"
        await report(f"pushing layer {number}/{len(layers)} {size}")
        content = await asyncio.to_thread(layer.path.read_bytes)
        pushed.append(await registry.push_blob(repository, content, LAYER_GZIP))
    body = orjson.dumps(config, option=orjson.OPT_SORT_KEYS)
    described = await registry.push_blob(repository, body, IMAGE_CONFIG)
    manifest = await registry.push_manifest(repository, render_manifest(described, pushed, origin))
    return manifest.digest


def _server_layer(work: Path) -> Layer:
    server = files("idp.capabilities.building").joinpath("serve.py").read_bytes()
    return write_layer(work / "server.tar.gz", [Entry("app/serve.py", server)])


def _application_entries(tree: SourceTree, plan: Plan) -> list[Entry]:
    if isinstance(plan, StaticPlan):
        return _site_entries(tree, plan.folder)
    entries = [
        Entry(f"app/{file.path}", file.link, link=True)
        if file.link
        else Entry(f"app/{file.path}", tree.root / file.path, executable=file.executable)
        for file in tree.files
    ]
    return entries + script_entries(plan.scripts, SCRIPTS)


def _site_entries(tree: SourceTree, folder: str) -> list[Entry]:
    """The site's files. What describes the project, and hidden files, are not published."""
    prefix = f"{folder}/" if folder else ""
    return [
        Entry(f"app/site/{file.path.removeprefix(prefix)}", tree.root / file.path)
        for file in tree.files
        if file.path.startswith(prefix)
        and not file.link
        and file.path != FACTS_FILE
        and not any(part.startswith(".") for part in file.path.split("/"))
    ]


def _lock_digest(tree: SourceTree, plan: Plan) -> str:
    if not isinstance(plan, PythonPlan):
        return ""
    return digest_of((tree.read(plan.lock, MAX_LOCK) or "").encode())
