"""`MemoryRegistry`: a registry for tests, with the rules of the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from idp.kernel.errors import InvalidInput, NotFound, TooLarge
from idp.protocols.oci.client import canonical, check_names
from idp.protocols.oci.errors import tag_is_immutable
from idp.protocols.oci.ports import Descriptor, StoredManifest
from idp.protocols.oci.reference import digest_of, is_digest, moves


@dataclass
class _Repository:
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, StoredManifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class MemoryRegistry:
    """Repositories in memory. Implements `ports.Registry`."""

    def __init__(self) -> None:
        self._repositories: dict[str, _Repository] = {}

    async def manifest(self, repository: str, reference: str) -> StoredManifest:
        """See `Registry.manifest`."""
        check_names(repository, reference=reference)
        found = self._repositories.get(repository, _Repository())
        digest = reference if is_digest(reference) else found.tags.get(reference, "")
        if digest not in found.manifests:
            raise NotFound(f"{repository} has no manifest {reference}")
        return found.manifests[digest]

    async def blob(self, repository: str, digest: str, *, limit: int = 64 * 2**20) -> bytes:
        """See `Registry.blob`."""
        check_names(repository, digest=digest)
        content = self._repositories.get(repository, _Repository()).blobs.get(digest)
        if content is None:
            raise NotFound(f"{repository} has no blob {digest}")
        if len(content) > limit:
            raise TooLarge(f"{digest} is larger than {limit} bytes", remedy="Stream it.")
        return content

    async def stream_blob(self, repository: str, digest: str) -> AsyncIterator[bytes]:
        """See `Registry.stream_blob`."""
        yield await self.blob(repository, digest, limit=2**62)

    async def push_blob(self, repository: str, content: bytes, media_type: str) -> Descriptor:
        """See `Registry.push_blob`."""
        check_names(repository)
        descriptor = Descriptor(media_type, digest_of(content), len(content))
        self._repositories.setdefault(repository, _Repository()).blobs[descriptor.digest] = content
        return descriptor

    async def push_manifest(
        self, repository: str, manifest: Mapping[str, Any], *, tag: str | None = None
    ) -> Descriptor:
        """See `Registry.push_manifest`."""
        descriptor, body = canonical(manifest)
        check_names(repository, reference=tag or descriptor.digest)
        into = self._repositories.setdefault(repository, _Repository())
        self._demand_content(into, manifest)
        present = into.tags.get(tag or "", descriptor.digest)
        if tag is not None and present != descriptor.digest and not moves(tag):
            raise tag_is_immutable(repository, tag)
        into.manifests[descriptor.digest] = StoredManifest(
            body, descriptor.media_type, descriptor.digest
        )
        if tag is not None:
            into.tags[tag] = descriptor.digest
        return descriptor

    async def tag(self, repository: str, digest: str, tag: str) -> None:
        """See `Registry.tag`."""
        check_names(repository, reference=tag)
        found = await self.manifest(repository, digest)
        tags = self._repositories[repository].tags
        if tags.setdefault(tag, found.digest) != found.digest:
            raise tag_is_immutable(repository, tag)

    async def referrers(
        self, repository: str, digest: str, *, artifact_type: str | None = None
    ) -> list[Descriptor]:
        """See `Registry.referrers`."""
        check_names(repository, digest=digest)
        found = []
        for stored in self._repositories.get(repository, _Repository()).manifests.values():
            body = orjson.loads(stored.body)
            if (body.get("subject") or {}).get("digest") != digest:
                continue
            type_ = body.get("artifactType") or (body.get("config") or {}).get("mediaType", "")
            if artifact_type in (None, type_):
                found.append(
                    Descriptor(
                        stored.media_type,
                        stored.digest,
                        len(stored.body),
                        type_,
                        body.get("annotations") or {},
                    )
                )
        return sorted(found, key=lambda d: d.digest)

    async def tags(self, repository: str) -> list[str]:
        """See `Registry.tags`."""
        check_names(repository)
        return sorted(self._repositories.get(repository, _Repository()).tags)

    async def repositories(self) -> list[str]:
        """See `Registry.repositories`."""
        return sorted(name for name, found in self._repositories.items() if found.manifests)

    @staticmethod
    def _demand_content(into: _Repository, manifest: Mapping[str, Any]) -> None:
        blobs = [*(manifest.get("layers") or [])]
        if manifest.get("config"):
            blobs.append(manifest["config"])
        missing = [b["digest"] for b in blobs if b["digest"] not in into.blobs]
        missing += [
            m["digest"]
            for m in manifest.get("manifests") or []
            if m["digest"] not in into.manifests
        ]
        if missing:
            raise InvalidInput(
                f"the manifest names content that is not there: {', '.join(missing)}",
                remedy="Push the blobs first.",
            )
