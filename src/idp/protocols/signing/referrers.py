"""Artifacts that refer to another one (OCI image spec 1.1, "guidelines for artifact usage").

One blob, one manifest whose `subject` is the artifact spoken of. Both are content-addressed, so
pushing the same twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.kernel.errors import VerificationFailed
from idp.protocols.oci.ports import (
    EMPTY_JSON,
    IMAGE_MANIFEST,
    Descriptor,
    Registry,
    RegistryReader,
    StoredManifest,
)
from idp.protocols.signing import strict_json

MAX_REFERRERS = 1000
MAX_LAYERS = 1000
_MAX_MANIFEST_BYTES = 4 * 2**20


async def push_referrer(
    registry: Registry,
    repository: str,
    subject_digest: str,
    artifact_type: str,
    layer: Descriptor,
    annotations: Mapping[str, str],
) -> Descriptor:
    """Store the manifest that ties `layer` (pushed before) to its subject.

    Raises:
        NotFound: The subject is not in the repository.
    """
    subject = await registry.manifest(repository, subject_digest)
    config = await registry.push_blob(repository, b"{}", EMPTY_JSON)
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": artifact_type,
        "config": config.as_json(),
        "layers": [layer.as_json()],
        "subject": Descriptor(subject.media_type, subject.digest, len(subject.body)).as_json(),
    }
    if annotations:
        manifest["annotations"] = dict(annotations)
    return await registry.push_manifest(repository, manifest)


async def list_referrers(
    registry: RegistryReader, repository: str, subject_digest: str, artifact_type: str
) -> list[Descriptor]:
    """The referrers of one type, in a stable order.

    Raises:
        VerificationFailed: There are more than `MAX_REFERRERS`: somebody floods the repository.
    """
    found = await registry.referrers(repository, subject_digest, artifact_type=artifact_type)
    if len(found) > MAX_REFERRERS:
        raise VerificationFailed(
            f"{repository}@{subject_digest} has {len(found)} artifacts of type {artifact_type}, "
            f"more than the {MAX_REFERRERS} that are checked",
            remedy="Find out who may attest to this repository, and delete what is not theirs.",
        )
    return found


async def single_layer(
    registry: RegistryReader,
    repository: str,
    referrer: Descriptor,
    subject_digest: str,
    media_type: str,
) -> Descriptor:
    """The one layer of a referrer, after checking that it refers to the subject.

    Raises:
        VerificationFailed: The manifest has another subject or other content.
    """
    stored = await registry.manifest(repository, referrer.digest)
    manifest = strict_json.parse_object(
        stored.body, limit=_MAX_MANIFEST_BYTES, what="the referring manifest"
    )
    subject = manifest.get("subject")
    if not isinstance(subject, dict) or subject.get("digest") != subject_digest:
        raise VerificationFailed(f"the manifest does not refer to {subject_digest}")
    layers = manifest.get("layers")
    if not isinstance(layers, list) or len(layers) != 1:
        raise VerificationFailed("the manifest must have exactly one layer")
    return layer_of(layers[0], media_type)


def layers_of(stored: StoredManifest) -> list[Any]:
    """The layers of a manifest, not yet checked.

    Raises:
        VerificationFailed: It is no manifest, or has more than `MAX_LAYERS`.
    """
    manifest = strict_json.parse_object(
        stored.body, limit=_MAX_MANIFEST_BYTES, what="the signatures' manifest"
    )
    layers = manifest.get("layers")
    if not isinstance(layers, list) or len(layers) > MAX_LAYERS:
        raise VerificationFailed(f"the manifest must have at most {MAX_LAYERS} layers")
    return layers


def layer_of(body: object, media_type: str) -> Descriptor:
    """A layer of one type.

    Raises:
        VerificationFailed: It is of another type, or names no content.
    """
    if not isinstance(body, dict):
        raise VerificationFailed("the manifest's layer is not a descriptor")
    if body.get("mediaType") != media_type or not isinstance(body.get("digest"), str):
        raise VerificationFailed(f"the manifest's layer is not of type {media_type}")
    annotations = body.get("annotations")
    strings = annotations if isinstance(annotations, dict) else {}
    return Descriptor(
        media_type,
        body["digest"],
        0,
        annotations={k: v for k, v in strings.items() if isinstance(v, str)},
    )
