"""Building an image: gather, decide, install, write layers, push."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from idp.capabilities.building.clients.host import HostRuntime
from idp.capabilities.building.decide import Plan, PythonPlan, StaticPlan, decide
from idp.capabilities.building.facts import FILE as FACTS_FILE
from idp.capabilities.building.facts import MAX_SIZE, Facts, read_facts
from idp.capabilities.building.layer_cache import LayerCache
from idp.capabilities.building.layers import Entry, Layer, write_layer
from idp.capabilities.building.locks import (
    MAX_LOCK,
    Dependency,
    choose,
    parse_pylock,
    parse_requirements,
)
from idp.capabilities.building.ports import Installer, Report
from idp.capabilities.building.render import (
    HOST_BASE,
    SCRIPTS,
    SITE_PACKAGES,
    Origin,
    render_config,
    render_manifest,
)
from idp.capabilities.building.site_packages import package_entries, script_entries
from idp.capabilities.building.source import SourceTree, scan
from idp.protocols.oci.ports import IMAGE_CONFIG, LAYER_GZIP, Registry
from idp.protocols.oci.reference import digest_of

_FORMAT = "1"
"""Part of the cache's key: raise it when the same lock shall give another layer."""


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
        installer: Installs Python dependencies.
        runtime: The Python that images will run on.
        cache: Dependency layers of former builds.
    """

    installer: Installer
    runtime: HostRuntime
    cache: LayerCache

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
        await asyncio.to_thread(_empty, work)
        tree, facts, plan = await asyncio.to_thread(self._look, source.absolute(), origin)
        await report(plan.explanation)
        dependencies = await self._dependencies(tree, plan, work, report)
        base = await self._base_layer(plan, dependencies, work, report)
        code = await asyncio.to_thread(
            write_layer, work / "application.tar.gz", _application_entries(tree, plan)
        )
        layers = [("dependencies", base)] if base else []
        layers.append(("application", code))
        config = render_config(
            plan,
            origin,
            layers,
            port=facts.port,
            architecture=self.runtime.architecture,
            runtime_version=self.runtime.minor_version,
        )
        digest = await _push(
            registry, repository, config, [layer for _, layer in layers], origin, report
        )
        return BuiltImage(
            digest=digest,
            explanation=plan.explanation,
            lock=plan.lock if isinstance(plan, PythonPlan) else "",
            lock_digest=_lock_digest(tree, plan),
            dependencies=tuple(dependencies),
            builder=await self._versions(),
        )

    def _look(self, source: Path, origin: Origin) -> tuple[SourceTree, Facts, Plan]:
        """Gather and decide; in a thread, for reading a large lock takes a while."""
        tree = scan(source)
        facts = read_facts(tree.read(FACTS_FILE, MAX_SIZE), origin.application)
        return tree, facts, decide(tree.paths(), tree.read, facts, self.runtime.version)

    async def _dependencies(
        self, tree: SourceTree, plan: Plan, work: Path, report: Report
    ) -> list[Dependency]:
        if not isinstance(plan, PythonPlan):
            return []
        if plan.lock == "uv.lock":
            text = await self.installer.export_lock(tree.root, work)
        else:
            text = tree.read(plan.lock, MAX_LOCK) or ""
        chosen = await asyncio.to_thread(self._choose, text, plan.lock)
        await report(f"resolving {len(chosen)} packages from {plan.lock}")
        return chosen

    def _choose(self, text: str, lock: str) -> list[Dependency]:
        by_name = lock == "requirements.txt"
        packages = parse_requirements(text) if by_name else parse_pylock(text, lock)
        return choose(packages, self.runtime.markers, self.runtime.tags, lock)

    async def _base_layer(
        self, plan: Plan, dependencies: Sequence[Dependency], work: Path, report: Report
    ) -> Layer | None:
        """What changes seldom: dependencies, or the static server; None when there is nothing."""
        if isinstance(plan, StaticPlan):
            server = files("idp.capabilities.building").joinpath("serve.py").read_bytes()
            entries = [Entry("app/serve.py", server)]
            return await asyncio.to_thread(write_layer, work / "server.tar.gz", entries)
        if not dependencies:
            return None
        requirements = "".join(f"{d.requirement}\n" for d in dependencies)
        key = self._cache_key(requirements)
        if layer := await asyncio.to_thread(self.cache.get, key):
            if await asyncio.to_thread(_is_whole, layer):
                await report(f"{len(dependencies)} packages unchanged: layer from the cache")
                return layer
            await asyncio.to_thread(self.cache.drop, key)
        return await self._install(requirements, len(dependencies), key, work, report)

    async def _install(
        self, requirements: str, count: int, key: str, work: Path, report: Report
    ) -> Layer:
        sandbox = await self.installer.sandbox()
        confined = f"inside {sandbox}" if sandbox != "none" else "without a sandbox"
        await report(f"installing {count} packages {confined}")
        into = work / "site-packages"
        into.mkdir()
        await self.installer.install(requirements, into, work)
        await report(f"packing {count} packages")

        def pack() -> Layer:
            written = write_layer(
                work / "dependencies.tar.gz", package_entries(into, SITE_PACKAGES)
            )
            return self.cache.put(key, written)

        return await asyncio.to_thread(pack)

    def _cache_key(self, requirements: str) -> str:
        parts = [
            _FORMAT,
            self.runtime.version,
            self.runtime.markers["implementation_name"],
            str(self.runtime.tags[0]),
            requirements,
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    async def _versions(self) -> dict[str, str]:
        name, _, number = (await self.installer.version()).partition(" ")
        return {
            "idp": version("idp"),
            "python": self.runtime.version,
            name: number,
            "sandbox": await self.installer.sandbox(),
        }


async def _push(
    registry: Registry,
    repository: str,
    config: dict[str, Any],
    layers: Sequence[Layer],
    origin: Origin,
    report: Report,
) -> str:
    pushed = []
    for number, layer in enumerate(layers, 1):
        await report(f"pushing layer {number}/{len(layers)} {_megabytes(layer.size)}")
        content = await asyncio.to_thread(layer.path.read_bytes)
        pushed.append(await registry.push_blob(repository, content, LAYER_GZIP))
    body = orjson.dumps(config, option=orjson.OPT_SORT_KEYS)
    described = await registry.push_blob(repository, body, IMAGE_CONFIG)
    manifest = await registry.push_manifest(repository, render_manifest(described, pushed, origin))
    return manifest.digest


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


def _is_whole(layer: Layer) -> bool:
    return digest_of(layer.path.read_bytes()) == layer.digest


def _megabytes(size: int) -> str:
    return f"{size / 10**6:.1f} MB"


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
