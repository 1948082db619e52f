"""The hub's own registry, to show what is proved.

Read where the hub keeps them, without a request to itself. Who may look is decided before, by
whoever asks: `RepositoryReview`, as for `docker pull`.
"""

from __future__ import annotations

import asyncio
import hashlib

from idp.apps.platform.layout import Layout
from idp.apps.platform.pins import PinnedFile
from idp.embedded.registry.content import ContentStore
from idp.embedded.registry.repositories import Repository
from idp.kernel.errors import NotFound, TooLarge, Unavailable, VerificationFailed
from idp.protocols.oci.client import check_names
from idp.protocols.oci.ports import Descriptor, RegistryReader, StoredManifest


class StoredRegistry(RegistryReader):
    """Reads the registry in the data folder; content is checked against its digest."""

    def __init__(self, layout: Layout) -> None:
        self._store = ContentStore(layout.registry)

    def _repository(self, name: str, digest: str | None = None) -> Repository:
        check_names(name, digest=digest)
        return Repository(self._store, name)

    async def manifest(self, repository: str, reference: str) -> StoredManifest:
        """See `RegistryReader.manifest`."""
        stored = await asyncio.to_thread(self._repository(repository).manifest, reference)
        _check(stored.body, stored.digest)
        return stored

    async def blob(self, repository: str, digest: str, *, limit: int = 64 * 2**20) -> bytes:
        """See `RegistryReader.blob`."""
        found = self._repository(repository, digest)

        def read() -> bytes:
            size = found.blob_size(digest)
            if size is None:
                raise NotFound(f"{repository} has no blob {digest}")
            if size > limit:
                raise TooLarge(f"blob {digest} has {size} bytes, more than {limit}")
            return self._store.read(digest)

        content = await asyncio.to_thread(read)
        _check(content, digest)
        return content

    async def referrers(
        self, repository: str, digest: str, *, artifact_type: str | None = None
    ) -> list[Descriptor]:
        """See `RegistryReader.referrers`."""
        found = self._repository(repository, digest)
        return [
            Descriptor(
                media_type=str(item["mediaType"]),
                digest=str(item["digest"]),
                size=int(str(item["size"])),
                artifact_type=str(item.get("artifactType", "")),
            )
            for item in await asyncio.to_thread(found.referrers, digest)
            if artifact_type in (None, item.get("artifactType"))
        ]


def _check(content: bytes, digest: str) -> None:
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
        raise VerificationFailed(
            f"the registry's content of {digest} is damaged",
            remedy="Restore the platform's data folder from a backup.",
        )


def require_pins(layout: Layout, environment: str) -> None:
    """Refuse to judge with nobody's keys.

    Raises:
        Unavailable: The instance was never started.
    """
    if not PinnedFile(layout.instance(environment).trusted_keys):
        raise Unavailable(
            f"the {environment} instance has pinned no keys yet",
            remedy="`idp-cli status` shows how far it is.",
        )
