"""Collecting what nothing refers to, and checking what is kept.

Collection holds the storage lock alone: no link can appear meanwhile, so what has no link then has
none. What is younger than `minimum_age` stays: an upload writes blobs first and the manifest that
names them last, and a client that was told "it is there already" relies on it (asking renews the
link's time).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import structlog

from idp.embedded.registry.content import ContentStore, file_digest
from idp.embedded.registry.lock import storage_lock
from idp.embedded.registry.repositories import Repository, all_repositories
from idp.embedded.registry.uploads import drop_dead_uploads
from idp.kernel.errors import IdpError

log = structlog.get_logger(__name__)

FIRST_SECONDS = 3600.0
"""Not at once: a platform that starts has more urgent work for the disk."""
EVERY_SECONDS = 24 * 3600.0


@dataclass
class GarbageReport:
    """What a collection did.

    Attributes:
        blobs: Content files removed.
        bytes: Their size.
        links: Blobs taken from a repository none of whose manifests names them.
        uploads: Unfinished uploads dropped.
        kept_repositories: Repositories left alone because a manifest in them cannot be read.
    """

    blobs: int = 0
    bytes: int = 0
    links: int = 0
    uploads: int = 0
    kept_repositories: list[str] = field(default_factory=list)


def collect_garbage(data: Path, *, minimum_age: float = 24 * 3600.0) -> GarbageReport:
    """Remove unreferenced blobs and dead uploads. Blocks; safe while the registry serves.

    Args:
        data: The registry's folder.
        minimum_age: Seconds for which unreferenced content is kept.
    """
    store, report = ContentStore(data), GarbageReport()
    oldest = time.time() - minimum_age
    with storage_lock(data, alone=True):
        linked: set[str] = set()
        for repository in all_repositories(store):
            report.uploads += drop_dead_uploads(repository, oldest)
            _collect_links(repository, oldest, report)
            linked |= {path.name for path in repository.blob_links()}
            linked |= {path.name for path in repository.manifest_links()}
        for digest in store.digests():
            if digest.removeprefix("sha256:") not in linked:
                _collect_blob(store, digest, oldest, report)
        for leftover in store.leftovers():
            if leftover.stat().st_mtime < oldest:
                leftover.unlink()
    return report


async def collect_regularly(
    data: Path, *, first: float = FIRST_SECONDS, every: float = EVERY_SECONDS
) -> None:
    """Collect until cancelled; a collection that fails is tried again next time.

    Args:
        data: The registry's folder.
        first: Seconds until the first collection.
        every: Seconds from one to the next.
    """
    await asyncio.sleep(first)
    while True:
        try:
            report = await asyncio.to_thread(collect_garbage, data)
            log.info("collected what nothing refers to", **asdict(report))
        except (IdpError, OSError) as error:
            log.warning("could not collect what nothing refers to", error=str(error))
        await asyncio.sleep(every)


def verify(data: Path) -> list[str]:
    """Check every content file against its digest, and every link against the content.

    Returns:
        What is wrong, a sentence each; empty when all is well.
    """
    store = ContentStore(data)
    problems = [
        f"{digest} is damaged: its content has another digest"
        for digest in sorted(store.digests())
        if file_digest(store.path(digest)) != digest
    ]
    for repository in all_repositories(store):
        links = [*repository.blob_links(), *repository.manifest_links()]
        problems += [
            f"{repository.name}: the content of sha256:{link.name} is gone"
            for link in sorted(links)
            if store.size(f"sha256:{link.name}") is None
        ]
    return problems


def _collect_links(repository: Repository, oldest: float, report: GarbageReport) -> None:
    try:
        needed = {digest for manifest in repository.manifests() for digest in manifest.blobs}
    except (IdpError, OSError):
        report.kept_repositories.append(repository.name)
        return
    for link in _older(repository.blob_links(), oldest):
        if f"sha256:{link.name}" not in needed:
            link.unlink()
            report.links += 1


def _collect_blob(store: ContentStore, digest: str, oldest: float, report: GarbageReport) -> None:
    information = store.path(digest).stat()
    if information.st_mtime < oldest:
        store.delete(digest)
        report.blobs += 1
        report.bytes += information.st_size


def _older(paths: Iterator[Path], oldest: float) -> list[Path]:
    return [path for path in paths if path.stat().st_mtime < oldest]
