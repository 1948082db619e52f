"""A registry as the platform uses it. `client` speaks OCI distribution, `memory` is for tests.

One contract suite runs over both (`tests/protocols/oci/test_contract.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY_JSON = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Content by address (OCI `Descriptor`).

    Attributes:
        media_type: Of the content.
        digest: `sha256:<hex>` of the content.
        size: Bytes.
        artifact_type: Of a manifest, as referrers lists give it; empty when unknown.
        annotations: Free strings.
    """

    media_type: str
    digest: str
    size: int
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The descriptor as manifests hold it."""
        body: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.artifact_type:
            body["artifactType"] = self.artifact_type
        if self.annotations:
            body["annotations"] = dict(self.annotations)
        return body


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as the registry holds it.

    Attributes:
        body: The exact bytes; `digest` is over them.
        media_type: Of the manifest.
        digest: `sha256:<hex>`.
    """

    body: bytes
    media_type: str
    digest: str


class RegistryReader(Protocol):
    """What checking proofs takes of a registry. Errors as of `Registry`."""

    async def manifest(self, repository: str, reference: str) -> StoredManifest:
        """Read a manifest by tag or digest."""
        ...

    async def blob(self, repository: str, digest: str, *, limit: int = 64 * 2**20) -> bytes:
        """Read a blob into memory; more than `limit` bytes raise `TooLarge`."""
        ...

    async def referrers(
        self, repository: str, digest: str, *, artifact_type: str | None = None
    ) -> list[Descriptor]:
        """Manifests whose `subject` is `digest`, in a stable order."""
        ...


class Registry(RegistryReader, Protocol):
    """The verbs of OCI distribution that the platform needs.

    Repositories are `namespace/name`. Content that is read is checked against its digest. All
    raise `IdpError`s: `NotFound`, `Forbidden`, `Unauthorized`, `Conflict` (a tag that is immutable
    exists with other content), `TooLarge`, `VerificationFailed` (content does not match its
    digest), `Unavailable`.
    """

    def stream_blob(self, repository: str, digest: str) -> AsyncIterator[bytes]:
        """Read a blob in chunks; a wrong digest raises `VerificationFailed` at the end."""
        ...

    async def push_blob(self, repository: str, content: bytes, media_type: str) -> Descriptor:
        """Store a blob; nothing is sent when it is there already."""
        ...

    async def push_manifest(
        self, repository: str, manifest: Mapping[str, Any], *, tag: str | None = None
    ) -> Descriptor:
        """Store a manifest in canonical JSON (sorted keys, no spaces), by digest or also by tag."""
        ...

    async def tag(self, repository: str, digest: str, tag: str) -> None:
        """Give a manifest that is there a tag; nothing changes when it has it."""
        ...

    async def tags(self, repository: str) -> list[str]:
        """All tags of a repository, sorted; empty when there is no such repository."""
        ...

    async def repositories(self) -> list[str]:
        """All repositories that may be pulled, sorted."""
        ...
