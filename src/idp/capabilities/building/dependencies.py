"""The layer of a Python project's dependencies: resolved from its lock, made once per lock."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.capabilities.building.clients.host import HostRuntime
from idp.capabilities.building.decide import PythonPlan
from idp.capabilities.building.layer_cache import LayerCache
from idp.capabilities.building.layers import Layer, write_layer
from idp.capabilities.building.locks import (
    MAX_LOCK,
    Dependency,
    choose,
    parse_pylock,
    parse_requirements,
)
from idp.capabilities.building.ports import Installer, Report
from idp.capabilities.building.render import SITE_PACKAGES
from idp.capabilities.building.site_packages import package_entries
from idp.capabilities.building.source import SourceTree
from idp.protocols.oci.reference import digest_of

_FORMAT = "1"
"""Part of the cache's key: raise it when the same lock shall give another layer."""


@dataclass(frozen=True, slots=True)
class DependencyLayers:
    """Resolves and installs.

    Attributes:
        installer: Installs wheels.
        runtime: The Python that they are for.
        cache: Layers of former builds.
    """

    installer: Installer
    runtime: HostRuntime
    cache: LayerCache

    async def resolve(self, tree: SourceTree, plan: PythonPlan, work: Path) -> list[Dependency]:
        """What the lock says this machine's Python needs, sorted by name.

        Raises:
            InvalidInput: The lock cannot be used; the message names the package.
        """
        if plan.lock == "uv.lock":
            text = await self.installer.export_lock(tree.root, work)
        else:
            text = tree.read(plan.lock, MAX_LOCK) or ""
        return await asyncio.to_thread(self._choose, text, plan.lock)

    async def layer(
        self, dependencies: Sequence[Dependency], work: Path, report: Report
    ) -> Layer | None:
        """The layer that holds them; None when there are none."""
        if not dependencies:
            return None
        requirements = "".join(f"{d.requirement}\n" for d in dependencies)
        key = self._key(requirements)
        if layer := await asyncio.to_thread(self._cached, key):
            await report(f"{len(dependencies)} packages unchanged: layer from the cache")
            return layer
        sandbox = await self.installer.sandbox()
        confined = f"inside {sandbox}" if sandbox != "none" else "without a sandbox"
        await report(f"installing {len(dependencies)} packages {confined}")
        into = work / "site-packages"
        into.mkdir()
        await self.installer.install(requirements, into, work)
        await report(f"packing {len(dependencies)} packages")
        return await asyncio.to_thread(self._pack, into, key, work)

    def _choose(self, text: str, lock: str) -> list[Dependency]:
        by_name = lock == "requirements.txt"
        packages = parse_requirements(text) if by_name else parse_pylock(text, lock)
        return choose(packages, self.runtime.markers, self.runtime.tags, lock)

    def _key(self, requirements: str) -> str:
        parts = [
            _FORMAT,
            self.runtime.version,
            self.runtime.markers["implementation_name"],
            str(self.runtime.tags[0]),
            requirements,
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _cached(self, key: str) -> Layer | None:
        layer = self.cache.get(key)
        if layer is None or digest_of(layer.path.read_bytes()) == layer.digest:
            return layer
        self.cache.drop(key)
        return None

    def _pack(self, installed: Path, key: str, work: Path) -> Layer:
        entries = package_entries(installed, SITE_PACKAGES)
        return self.cache.put(key, write_layer(work / "dependencies.tar.gz", entries))
