"""The release as an OCI artifact: how it is written, and how a stranger's is read.

The artifact's one layer is the release as JSON (`ReleaseSpec` without `digest`); the digest of its
manifest is the release's identity. The tag `release-<version>` is set last, after the signature, so
that whoever finds the tag finds the signature too.

Reading trusts nothing: sizes are capped, the shape is exact, the content is checked against the
digests and against the place where it was found. Whether it is *genuine* is the signature's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pydantic

from idp.capabilities.promotion.kinds import ReleaseSpec
from idp.kernel.capability import Signer
from idp.kernel.errors import VerificationFailed
from idp.protocols.oci.ports import (
    EMPTY_JSON,
    IMAGE_MANIFEST,
    Descriptor,
    Registry,
    StoredManifest,
)
from idp.protocols.signing.cosign import sign_digest

RELEASE_MEDIA_TYPE = "application/vnd.idp.release.v1+json"
TAG_PREFIX = "release-"
MANIFEST_LIMIT = 64 * 1024
RELEASE_LIMIT = 1024 * 1024

_REBUILD = "Build the commit again through the push pipeline."


async def publish(
    registry: Registry, spec: Mapping[str, Any], repository: str, version: str, signer: Signer
) -> str:
    """Push, sign, then tag a release; doing it again with the same content changes nothing.

    Args:
        registry: Where to.
        spec: The release as JSON values, without `digest`.
        repository: `namespace/name`.
        version: Becomes the tag.
        signer: In whose name.

    Returns:
        Digest of the artifact.

    Raises:
        Conflict: The version was released with other content.
    """
    content = orjson.dumps(dict(spec), option=orjson.OPT_SORT_KEYS)
    layer = await registry.push_blob(repository, content, RELEASE_MEDIA_TYPE)
    config = await registry.push_blob(repository, b"{}", EMPTY_JSON)
    manifest = _manifest(config, layer)
    pushed = await registry.push_manifest(repository, manifest)
    await sign_digest(registry, repository, pushed.digest, signer)
    await registry.push_manifest(repository, manifest, tag=f"{TAG_PREFIX}{version}")
    return pushed.digest


def _manifest(config: Descriptor, layer: Descriptor) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": RELEASE_MEDIA_TYPE,
        "config": config.as_json(),
        "layers": [layer.as_json()],
    }


async def fetch(registry: Registry, repository: str, reference: str) -> ReleaseSpec:
    """Read a release by digest or tag.

    Raises:
        NotFound: There is no such artifact.
        TooLarge: Its content is over the limit.
        VerificationFailed: It is not a release of this repository.
    """
    stored = await registry.manifest(repository, reference)
    digest, size = _only_layer(stored)
    if size > RELEASE_LIMIT:
        raise VerificationFailed(
            f"release {stored.digest} has {size} bytes; {RELEASE_LIMIT} are allowed"
        )
    content = await registry.blob(repository, digest, limit=RELEASE_LIMIT)
    spec = _parse(content, stored.digest)
    _check_place(spec, repository, reference)
    return spec


def _only_layer(stored: StoredManifest) -> tuple[str, int]:
    problem = f"{stored.digest} is not a release artifact"
    if len(stored.body) > MANIFEST_LIMIT:
        raise VerificationFailed(f"{problem}: its manifest has {len(stored.body)} bytes")
    try:
        manifest = orjson.loads(stored.body)
        (layer,) = manifest["layers"]
        kinds = (manifest["artifactType"], layer["mediaType"])
        digest, size = str(layer["digest"]), int(layer["size"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise VerificationFailed(f"{problem}: its manifest has another shape") from error
    if kinds != (RELEASE_MEDIA_TYPE, RELEASE_MEDIA_TYPE):
        raise VerificationFailed(f"{problem}: it holds {kinds[0]}")
    return digest, size


def _parse(content: bytes, digest: str) -> ReleaseSpec:
    try:
        return ReleaseSpec.model_validate({**orjson.loads(content), "digest": digest})
    except (orjson.JSONDecodeError, TypeError) as error:
        raise VerificationFailed(f"release {digest} is not a JSON object") from error
    except pydantic.ValidationError as error:
        paths = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise VerificationFailed(f"release {digest} is malformed: {paths}") from error


def _check_place(spec: ReleaseSpec, repository: str, reference: str) -> None:
    """A genuine release at another place, or under another version, is a replay."""
    image_repository, _, _ = spec.image.partition("@")
    problems = []
    if spec.repository != repository:
        problems.append(f"it belongs to {spec.repository}")
    if spec.application != repository.partition("/")[2]:
        problems.append(f"it is of application {spec.application}")
    if image_repository.split("/", 1)[-1] != repository:
        problems.append(f"its image is in {image_repository}")
    if reference.startswith(TAG_PREFIX) and reference != f"{TAG_PREFIX}{spec.version}":
        problems.append(f"it is version {spec.version}, not {reference.removeprefix(TAG_PREFIX)}")
    if problems:
        raise VerificationFailed(
            f"release {spec.digest} in {repository} does not belong there: {', '.join(problems)}",
            remedy=_REBUILD,
        )
