"""`HttpRegistry`: a registry over OCI distribution 1.1."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import orjson

from idp.kernel.capability import Remote
from idp.kernel.errors import (
    InvalidInput,
    MissingPrerequisite,
    NotFound,
    TooLarge,
    VerificationFailed,
)
from idp.protocols.oci.ports import IMAGE_INDEX, IMAGE_MANIFEST, Descriptor, StoredManifest
from idp.protocols.oci.reference import digest_of, is_digest, is_repository, is_tag
from idp.protocols.oci.transport import Transport, error_code

MAX_MANIFEST = 4 * 2**20
_CHUNK = 2**18
_ACCEPT = ", ".join(
    (
        IMAGE_MANIFEST,
        IMAGE_INDEX,
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*rel="?next"?')


class HttpRegistry:
    """A registry at one address, with one identity. Implements `ports.Registry`.

    Args:
        remote: Address and credential.
        timeout: Seconds without a byte after which the registry counts as not answering.
    """

    def __init__(self, remote: Remote, *, timeout: float = 60.0) -> None:
        self._transport = Transport(remote, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def manifest(self, repository: str, reference: str) -> StoredManifest:
        """See `Registry.manifest`."""
        check_names(repository, reference=reference)
        async with self._transport.request(
            "GET",
            f"/v2/{repository}/manifests/{reference}",
            scope=_pull(repository),
            headers={"Accept": _ACCEPT},
        ) as response:
            body = await _read(response, MAX_MANIFEST)
            media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
            announced = response.headers.get("Docker-Content-Digest", "")
        digest = digest_of(body)
        expected = reference if is_digest(reference) else announced
        if is_digest(expected) and digest != expected:
            raise wrong_digest(repository, expected, digest)
        return StoredManifest(body, media_type, digest)

    async def blob(self, repository: str, digest: str, *, limit: int = 64 * 2**20) -> bytes:
        """See `Registry.blob`."""
        check_names(repository, digest=digest)
        async with self._transport.request(
            "GET", f"/v2/{repository}/blobs/{digest}", scope=_pull(repository)
        ) as response:
            content = await _read(response, limit)
        if (actual := digest_of(content)) != digest:
            raise wrong_digest(repository, digest, actual)
        return content

    async def stream_blob(self, repository: str, digest: str) -> AsyncIterator[bytes]:
        """See `Registry.stream_blob`."""
        check_names(repository, digest=digest)
        hasher = hashlib.sha256()
        async with self._transport.request(
            "GET", f"/v2/{repository}/blobs/{digest}", scope=_pull(repository)
        ) as response:
            async for chunk in response.content.iter_chunked(_CHUNK):
                hasher.update(chunk)
                yield chunk
        if (actual := f"sha256:{hasher.hexdigest()}") != digest:
            raise wrong_digest(repository, digest, actual)

    async def push_blob(self, repository: str, content: bytes, media_type: str) -> Descriptor:
        """See `Registry.push_blob`."""
        check_names(repository)
        descriptor = Descriptor(media_type, digest_of(content), len(content))
        scope = _push(repository)
        async with self._transport.request(
            "HEAD",
            f"/v2/{repository}/blobs/{descriptor.digest}",
            scope=scope,
            accept=(200, 404),
        ) as response:
            if response.status == 200:
                return descriptor
        async with self._transport.request(
            "POST", f"/v2/{repository}/blobs/uploads/", scope=scope, accept=(202,)
        ) as response:
            location = response.headers.get("Location", "")
        separator = "&" if "?" in location else "?"
        async with self._transport.request(
            "PUT",
            f"{location}{separator}{urlencode({'digest': descriptor.digest})}",
            scope=scope,
            headers={"Content-Type": "application/octet-stream"},
            data=content,
            accept=(201,),
        ):
            return descriptor

    async def push_manifest(
        self, repository: str, manifest: Mapping[str, Any], *, tag: str | None = None
    ) -> Descriptor:
        """See `Registry.push_manifest`.

        Raises:
            MissingPrerequisite: The manifest has a `subject` and the registry does not keep
                referrers (OCI distribution below 1.1).
        """
        descriptor, body = canonical(manifest)
        check_names(repository, reference=tag or descriptor.digest)
        async with self._transport.request(
            "PUT",
            f"/v2/{repository}/manifests/{tag or descriptor.digest}",
            scope=_push(repository),
            headers={"Content-Type": descriptor.media_type},
            data=body,
            accept=(201,),
        ) as response:
            if "subject" in manifest and "OCI-Subject" not in response.headers:
                raise _without_referrers(repository)
        return descriptor

    async def tag(self, repository: str, digest: str, tag: str) -> None:
        """See `Registry.tag`."""
        check_names(repository, reference=tag)
        found = await self.manifest(repository, digest)
        async with self._transport.request(
            "PUT",
            f"/v2/{repository}/manifests/{tag}",
            scope=_push(repository),
            headers={"Content-Type": found.media_type},
            data=found.body,
            accept=(201,),
        ):
            pass

    async def referrers(
        self, repository: str, digest: str, *, artifact_type: str | None = None
    ) -> list[Descriptor]:
        """See `Registry.referrers`.

        Raises:
            MissingPrerequisite: The registry does not keep referrers.
        """
        check_names(repository, digest=digest)
        query = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
        found: list[Descriptor] = []
        try:
            async for page in self._pages(
                f"/v2/{repository}/referrers/{digest}{query}", _pull(repository)
            ):
                found += [read_descriptor(item) for item in page.get("manifests") or []]
        except NotFound as error:
            if error_code(error) == "NAME_UNKNOWN":
                return []
            raise _without_referrers(repository) from error
        wanted = (d for d in found if artifact_type in (None, d.artifact_type))
        return sorted(wanted, key=lambda d: d.digest)

    async def tags(self, repository: str) -> list[str]:
        """See `Registry.tags`."""
        check_names(repository)
        found: list[str] = []
        try:
            async for page in self._pages(f"/v2/{repository}/tags/list", _pull(repository)):
                found += page.get("tags") or []
        except NotFound:
            return []
        return sorted(found)

    async def repositories(self) -> list[str]:
        """See `Registry.repositories`."""
        found: list[str] = []
        async for page in self._pages("/v2/_catalog", "registry:catalog:*"):
            found += page.get("repositories") or []
        return sorted(found)

    async def _pages(self, address: str, scope: str) -> AsyncIterator[dict[str, Any]]:
        """All pages of a list, following `Link` headers (RFC 5988)."""
        following: str | None = address
        while following is not None:
            async with self._transport.request("GET", following, scope=scope) as response:
                page = orjson.loads(await _read(response, MAX_MANIFEST))
                link = _NEXT.search(response.headers.get("Link", ""))
            yield page
            following = link.group(1) if link else None


def canonical(manifest: Mapping[str, Any]) -> tuple[Descriptor, bytes]:
    """A manifest in canonical JSON, and its descriptor.

    Raises:
        InvalidInput: It does not say its media type.
    """
    media_type = manifest.get("mediaType")
    if not isinstance(media_type, str) or not media_type:
        raise InvalidInput("the manifest has no mediaType", remedy="Set `mediaType`.")
    body = orjson.dumps(dict(manifest), option=orjson.OPT_SORT_KEYS)
    return Descriptor(media_type, digest_of(body), len(body)), body


def read_descriptor(body: Mapping[str, Any]) -> Descriptor:
    """The descriptor that a manifest or a list holds."""
    return Descriptor(
        media_type=str(body.get("mediaType", "")),
        digest=str(body["digest"]),
        size=int(body["size"]),
        artifact_type=str(body.get("artifactType") or ""),
        annotations=dict(body.get("annotations") or {}),
    )


def check_names(
    repository: str, *, digest: str | None = None, reference: str | None = None
) -> None:
    """Refuse names that would lead a request astray.

    Raises:
        InvalidInput: A name breaks the grammar.
    """
    if not is_repository(repository):
        raise InvalidInput(f'"{repository}" is not a repository', remedy="Use `namespace/name`.")
    if digest is not None and not is_digest(digest):
        raise InvalidInput(f'"{digest}" is not a digest', remedy="Use `sha256:<64 hex digits>`.")
    if reference is not None and not (is_digest(reference) or is_tag(reference)):
        raise InvalidInput(
            f'"{reference[:100]}" is neither a tag nor a digest',
            remedy="Tags are letters, digits, `.`, `_` and `-`, at most 128.",
        )


def wrong_digest(repository: str, expected: str, actual: str) -> VerificationFailed:
    """Content that is not what its address says."""
    return VerificationFailed(
        f"{repository}: the registry gave content with digest {actual} for {expected}",
        remedy="The registry's storage is damaged or altered: push the content again.",
    )


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    announced = response.content_length
    content = bytearray()
    if announced is None or announced <= limit:
        async for chunk in response.content.iter_chunked(_CHUNK):
            content += chunk
            if len(content) > limit:
                break
        else:
            return bytes(content)
    raise TooLarge(
        f"{response.url.path} is larger than {limit} bytes",
        remedy="Stream it, or ask for a larger limit.",
    )


def _without_referrers(repository: str) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"the registry of {repository} does not keep referrers (OCI distribution 1.1)",
        remedy="Use a registry of version 1.1, such as the platform's own, zot or Harbor 2.11.",
    )


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _push(repository: str) -> str:
    return f"repository:{repository}:pull,push"
