"""Handing configuration to Envoy through files (filesystem xDS).

A file is written beside its place and renamed onto it, so Envoy reads all of it or the former one.
The order keeps every name known at any moment: endpoints, then clusters (the former ones stay),
then routes, and only when Envoy works with these are former clusters taken away.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

import orjson

from idp.embedded.gateway.admin import Admin, Applied
from idp.embedded.gateway.backends import Backend
from idp.embedded.gateway.bootstrap import CLUSTERS_FILE, ROUTES_FILE
from idp.embedded.gateway.snapshot import Name, Site, clusters_of, endpoints_of, routes_of
from idp.kernel.errors import DeadlineExceeded, Invalid
from idp.kernel.files import replace_file
from idp.kernel.resource import Manifest

_DEADLINE = 10.0
_POLL = 0.005
_REJECTED = re.compile(r"rejected: (?P<why>.*)")


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file as a whole; what a power cut may take is written again at the next start."""
    replace_file(path, content, durable=False)


class ConfigurationFiles:
    """The files of one Envoy.

    Args:
        folder: Envoy's working folder.
        log: Where Envoy writes why it rejects something.
    """

    def __init__(self, folder: Path, admin: Admin, log: Path) -> None:
        self._folder = folder
        self._admin = admin
        self._log = log
        (folder / "endpoints").mkdir(parents=True, exist_ok=True)

    def prepare(self) -> None:
        """Make sure that the files exist which Envoy needs to start."""
        for name, content in ((CLUSTERS_FILE, clusters_of([])), (ROUTES_FILE, routes_of({}))):
            if not (self._folder / name).exists():
                self._write(name, content)

    def _write(self, name: str, content: Manifest) -> bool:
        """Write a file unless it holds that already; gives whether it was written."""
        path, data = self._folder / name, orjson.dumps(content)
        if path.exists() and path.read_bytes() == data:
            return False
        write_atomically(path, data)
        return True

    def write_endpoints(self, endpoints: Mapping[Backend, list[tuple[str, int]]]) -> None:
        """State which addresses are ready; Envoy takes them over within milliseconds."""
        for backend, ready in endpoints.items():
            self._write(backend.endpoints_file, endpoints_of(backend, ready))

    async def apply(self, sites: Mapping[Name, Site]) -> None:
        """Bring Envoy to these sites; their endpoints were written before.

        Raises:
            Invalid: Envoy rejected the routes or the clusters; it works with the former ones,
                and so do the files.
            DeadlineExceeded: Envoy neither took nor rejected them in time.
            Unavailable: Envoy does not answer.
        """
        backends = {backend for site in sites.values() for backend in site.backends}
        former = await self._admin.active_clusters()
        both = self._clusters(backends, keep=former)
        await self._replace(CLUSTERS_FILE, both, self._admin.clusters)
        await self._wait_active({backend.cluster for backend in backends})
        await self._replace(ROUTES_FILE, routes_of(sites), self._admin.routes)
        await self._replace(CLUSTERS_FILE, clusters_of(backends), self._admin.clusters)
        self._remove_endpoints(backends)

    def _clusters(self, backends: set[Backend], keep: Iterable[str]) -> Manifest:
        kept = {_backend(name) for name in keep}
        present = {b for b in kept if (self._folder / b.endpoints_file).exists()}
        return clusters_of(backends | present)

    def _remove_endpoints(self, backends: set[Backend]) -> None:
        wanted = {self._folder / backend.endpoints_file for backend in backends}
        for path in (self._folder / "endpoints").iterdir():
            if path not in wanted:
                path.unlink(missing_ok=True)

    async def _replace(
        self, name: str, content: Manifest, applied: Callable[[], Awaitable[Applied]]
    ) -> None:
        before = await applied()
        if before.version == content["version_info"]:
            return
        path = self._folder / name
        former = path.read_bytes()
        offset = self._log.stat().st_size if self._log.exists() else 0
        # Written even when the file holds it already: Envoy reads it again.
        write_atomically(path, orjson.dumps(content))
        try:
            async with asyncio.timeout(_DEADLINE):
                while (now := await applied()).version != content["version_info"]:
                    if now.rejected > before.rejected:
                        write_atomically(path, former)
                        raise Invalid(f"Envoy rejects it: {self._why(offset)}")
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise DeadlineExceeded(f"Envoy did not read {name} within {_DEADLINE:g} s") from None

    async def _wait_active(self, names: set[str]) -> None:
        try:
            async with asyncio.timeout(_DEADLINE):
                missing = names - await self._admin.active_clusters()
                while missing:
                    await asyncio.sleep(_POLL)
                    missing = names - await self._admin.active_clusters()
        except TimeoutError:
            raise DeadlineExceeded(f"Envoy did not warm {', '.join(sorted(missing))}") from None

    def _why(self, offset: int) -> str:
        with self._log.open("rb") as log:
            log.seek(offset)
            text = log.read(65536).decode(errors="replace")
        found = _REJECTED.findall(text)
        return found[-1].strip() if found else "see its log"


def _backend(cluster: str) -> Backend:
    namespace, _, rest = cluster.partition("/")
    service, _, port = rest.rpartition(":")
    return Backend(namespace, service, int(port))
