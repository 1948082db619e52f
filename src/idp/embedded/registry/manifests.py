"""What a manifest says, read from untrusted bytes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from idp.embedded.registry.errors import bad_request
from idp.kernel.errors import InvalidInput
from idp.protocols.oci.ports import IMAGE_INDEX, IMAGE_MANIFEST, Descriptor
from idp.protocols.oci.reference import digest_of, is_digest

_IMAGES = (IMAGE_MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")
_INDEXES = (IMAGE_INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """The parts of a manifest that storage depends on.

    Attributes:
        digest: Of the bytes.
        size: Of the bytes.
        media_type: Of the manifest.
        artifact_type: Its own, or else the config's media type, as referrers lists want it.
        blobs: Digests of config and layers.
        manifests: Digests of an index's manifests.
        subject: Digest of the manifest this one refers to; empty when there is none.
        annotations: Of the manifest.
    """

    digest: str
    size: int
    media_type: str
    artifact_type: str = ""
    blobs: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    subject: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def descriptor(self) -> Descriptor:
        """As referrers lists hold it."""
        return Descriptor(
            self.media_type, self.digest, self.size, self.artifact_type, self.annotations
        )


def parse_manifest(body: bytes, content_type: str) -> ParsedManifest:
    """Read and check a manifest.

    Args:
        body: As received.
        content_type: The request's `Content-Type`; empty trusts the body's `mediaType`.

    Raises:
        InvalidInput: `MANIFEST_INVALID`, saying what is wrong.
    """
    try:
        manifest = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _invalid(f"it is not JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("schemaVersion") != 2:
        raise _invalid("schemaVersion is not 2")
    media_type = content_type or manifest.get("mediaType")
    if media_type not in (*_IMAGES, *_INDEXES):
        raise _invalid(f"media type {media_type!r} is not an OCI image manifest or index")
    if manifest.get("mediaType") not in (None, media_type):
        raise _invalid(f"mediaType is {manifest['mediaType']!r}, Content-Type is {media_type!r}")
    is_image = media_type in _IMAGES
    config = _digests(manifest, "config") if is_image else ()
    subject = _digests(manifest, "subject") if manifest.get("subject") else ()
    return ParsedManifest(
        digest=digest_of(body),
        size=len(body),
        media_type=media_type,
        artifact_type=_artifact_type(manifest),
        blobs=config + _digests(manifest, "layers") if is_image else (),
        manifests=() if is_image else _digests(manifest, "manifests"),
        subject=subject[0] if subject else "",
        annotations=_annotations(manifest),
    )


def _digests(manifest: dict[str, Any], field: str) -> tuple[str, ...]:
    """Digests of one descriptor or of a list of them."""
    value = manifest.get(field)
    descriptors = value if isinstance(value, list) else [value]
    found = []
    for descriptor in descriptors:
        digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
        if not isinstance(digest, str) or not is_digest(digest):
            raise _invalid(f"{field}: {str(digest)[:100]!r} is not a sha256 digest")
        found.append(digest)
    return tuple(found)


def _artifact_type(manifest: dict[str, Any]) -> str:
    config = manifest.get("config")
    own = (
        manifest.get("artifactType")
        or (config.get("mediaType") if isinstance(config, dict) else "")
        or ""
    )
    if not isinstance(own, str):
        raise _invalid("artifactType is not a string")
    return own


def _annotations(manifest: dict[str, Any]) -> dict[str, str]:
    annotations = manifest.get("annotations") or {}
    if not isinstance(annotations, dict) or not all(
        isinstance(value, str) for value in annotations.values()
    ):
        raise _invalid("annotations are not strings")
    return annotations


def _invalid(why: str) -> InvalidInput:
    return bad_request(
        "MANIFEST_INVALID",
        f"the manifest is refused: {why}",
        "Push an OCI image manifest or index (image specification 1.1).",
    )
