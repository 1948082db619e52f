"""cosign's signature of an artifact: that somebody vouches for a digest, and nothing more.

https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md

Three forms are written, so that old and new verifiers find theirs, and all are read: a
simple-signing payload with its signature in an annotation, under the tag `sha256-<hex>.sig` (all
signers' layers in one manifest) and as an OCI referrer; and (since cosign 3) a Sigstore bundle with
a statement of type `COSIGN_SIGNATURE`.

Rules for a simple-signing payload:
1. The signature is in the annotation `dev.cosignproject.cosign/signature`, base64, over the exact
   bytes of the blob, by a pinned key.
2. `critical.type` is `cosign container image signature`.
3. `critical.image.docker-manifest-digest` is the artifact's digest. `docker-reference` is ignored,
   as the specification says: an artifact may be copied to another repository.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp.kernel.capability import Signer
from idp.kernel.clock import utc_now
from idp.kernel.errors import Conflict, NotFound, TooLarge, VerificationFailed
from idp.kernel.trust import Keys
from idp.protocols.oci.ports import (
    IMAGE_CONFIG,
    IMAGE_MANIFEST,
    Descriptor,
    Registry,
    RegistryReader,
)
from idp.protocols.signing import strict_json
from idp.protocols.signing.anchors import Trust, anchors_of
from idp.protocols.signing.attestations import Findings, attach, statements
from idp.protocols.signing.pinned import signer_of
from idp.protocols.signing.predicates import COSIGN_SIGNATURE
from idp.protocols.signing.referrers import (
    layer_of,
    layers_of,
    list_referrers,
    push_referrer,
    single_layer,
)
from idp.protocols.signing.statement import hex_of
from idp.protocols.signing.threshold import Claim
from idp.protocols.signing.validity import Moments, require_valid

ARTIFACT_TYPE = "application/vnd.dev.cosign.artifact.sig.v1+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
_CLAIM = "cosign container image signature"
_MAX_PAYLOAD_BYTES = 64 * 1024
_TAG_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stands beside an artifact.

    Attributes:
        signatures: One claim each, in all forms, those that do not count included; its digest is
            of the manifest that holds it.
        statements: All attestations; a signature in the form of a statement is in both.
    """

    signatures: list[Claim]
    statements: Findings


def signature_tag(digest: str) -> str:
    """Where cosign keeps the signatures of an artifact: `sha256-<hex>.sig`."""
    return f"sha256-{hex_of(digest)}.sig"


def simple_signing_payload(
    repository: str, digest: str, annotations: Mapping[str, str] | None = None
) -> bytes:
    """What is signed; the same content, the same bytes."""
    return strict_json.canonical(
        {
            "critical": {
                "identity": {"docker-reference": repository},
                "image": {"docker-manifest-digest": digest},
                "type": _CLAIM,
            },
            "optional": dict(annotations) if annotations else None,
        }
    )


def verify_simple_signing(
    payload: bytes, signature: str, digest: str, keys: Keys, now: datetime | None = None
) -> str:
    """Check one signature. Pure.

    Args:
        payload: The blob.
        signature: As the annotation holds it.
        digest: `sha256:<hex>` of the artifact in question.
        keys: What is trusted.
        now: The present; None for the clock's. Nothing proves that the signature is older.

    Returns:
        Name of the holder whose key signed.

    Raises:
        VerificationFailed: A rule is broken.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VerificationFailed("the signature is not base64") from error
    name, key = signer_of(payload, raw, keys)  # Rule 1
    body = strict_json.parse_object(payload, limit=_MAX_PAYLOAD_BYTES, what="the signed payload")
    try:
        critical = body["critical"]
        claim, signed = critical["type"], critical["image"]["docker-manifest-digest"]
    except (KeyError, TypeError) as error:
        raise VerificationFailed("the signed payload is not in the simple-signing form") from error
    if claim != _CLAIM:  # Rule 2
        raise VerificationFailed(f"the signed payload claims {claim!r}, not a cosign signature")
    if signed != digest:  # Rule 3
        raise VerificationFailed(f"the signature is for another artifact ({signed}), not {digest}")
    require_valid(name, key, Moments(now or utc_now()))
    return name


async def sign_digest(
    registry: Registry,
    repository: str,
    digest: str,
    signer: Signer,
    *,
    annotations: Mapping[str, str] | None = None,
) -> Descriptor:
    """Sign an artifact; signing twice stores the same.

    Args:
        registry: Where the artifact is.
        repository: `namespace/name`.
        digest: `sha256:<hex>` of its manifest.
        signer: Whose word it is.
        annotations: Further signed facts.

    Returns:
        The manifest of the simple-signing signature.

    Raises:
        NotFound: There is no such artifact in the repository.
    """
    payload = simple_signing_payload(repository, digest, annotations)
    signature = base64.b64encode(signer.sign(payload)).decode()
    blob = await registry.push_blob(repository, payload, SIMPLE_SIGNING)
    layer = Descriptor(
        SIMPLE_SIGNING, blob.digest, blob.size, annotations={SIGNATURE_ANNOTATION: signature}
    )
    signed = await push_referrer(registry, repository, digest, ARTIFACT_TYPE, layer, {})
    await _tag_signature(registry, repository, digest, layer)
    await attach(registry, repository, digest, COSIGN_SIGNATURE, dict(annotations or {}), signer)
    return signed


async def _tag_signature(
    registry: Registry, repository: str, digest: str, layer: Descriptor
) -> None:
    """Add a layer to the manifest under cosign's tag; the same layer twice changes nothing.

    Two who sign at once may overwrite each other's layer, as with cosign itself: it is read back,
    and added again. The referrers, which nobody overwrites, hold it in any case.
    """
    tag = signature_tag(digest)
    for _ in range(_TAG_ATTEMPTS):
        present = await _tagged_layers(registry, repository, tag)
        if layer.as_json() in present:
            return
        config = await registry.push_blob(repository, b"{}", IMAGE_CONFIG)
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": config.as_json(),
            "layers": [*present, layer.as_json()],
        }
        await registry.push_manifest(repository, manifest, tag=tag)
    raise Conflict(f"{tag} of {repository} is written by others all the time", remedy="Sign again.")


async def _tagged_layers(registry: RegistryReader, repository: str, tag: str) -> list[Any]:
    try:
        return layers_of(await registry.manifest(repository, tag))
    except (NotFound, VerificationFailed):
        return []


async def read_evidence(
    registry: RegistryReader,
    repository: str,
    digest: str,
    trust: Trust,
    *,
    now: datetime | None = None,
) -> Evidence:
    """Everything that vouches for an artifact. Each bundle is read and checked once.

    Args:
        registry: Where the artifact is.
        repository: `namespace/name`.
        digest: `sha256:<hex>` of its manifest.
        trust: Who is trusted.
        now: The present; None for the clock's.

    Raises:
        Unavailable: The registry cannot be read.
        VerificationFailed: There are too many to check.
    """
    keys = anchors_of(trust).keys
    found = []
    for referrer in await list_referrers(registry, repository, digest, ARTIFACT_TYPE):
        try:
            layer = await single_layer(registry, repository, referrer, digest, SIMPLE_SIGNING)
            signer = await _signer_of_layer(registry, repository, layer, digest, keys, now)
            found.append(Claim(referrer.digest, signer))
        except (VerificationFailed, TooLarge, NotFound) as error:
            found.append(Claim(referrer.digest, None, error.message))
    found += await _tagged(registry, repository, digest, keys, now)
    stated = await statements(registry, repository, digest, trust, now=now)
    found += [
        Claim(one.digest, one.signer)
        for one in stated.verified
        if one.predicate_type == COSIGN_SIGNATURE
    ]
    found += [Claim(one.digest, None, one.reason) for one in stated.rejected]
    return Evidence(found, stated)


async def signatures(
    registry: RegistryReader,
    repository: str,
    digest: str,
    trust: Trust,
    *,
    now: datetime | None = None,
) -> list[Claim]:
    """Every signature beside an artifact; see `read_evidence`."""
    return (await read_evidence(registry, repository, digest, trust, now=now)).signatures


async def _tagged(
    registry: RegistryReader, repository: str, digest: str, keys: Keys, now: datetime | None
) -> list[Claim]:
    found: list[Claim] = []
    with contextlib.suppress(NotFound):
        manifest = await registry.manifest(repository, signature_tag(digest))
        try:
            layers = layers_of(manifest)
        except VerificationFailed as error:
            return [Claim(manifest.digest, None, error.message)]
        for body in layers:
            try:
                layer = layer_of(body, SIMPLE_SIGNING)
                signer = await _signer_of_layer(registry, repository, layer, digest, keys, now)
                found.append(Claim(manifest.digest, signer))
            except (VerificationFailed, TooLarge, NotFound) as error:
                found.append(Claim(manifest.digest, None, error.message))
    return found


async def _signer_of_layer(
    registry: RegistryReader,
    repository: str,
    layer: Descriptor,
    digest: str,
    keys: Keys,
    now: datetime | None,
) -> str:
    payload = await registry.blob(repository, layer.digest, limit=_MAX_PAYLOAD_BYTES)
    signature = layer.annotations.get(SIGNATURE_ANNOTATION, "")
    return verify_simple_signing(payload, signature, digest, keys, now)


async def verify_digest(
    registry: RegistryReader, repository: str, digest: str, trust: Trust
) -> str:
    """Find a signature by somebody who is trusted. One valid one in any form is enough.

    Args:
        registry: Where the artifact is.
        repository: `namespace/name`.
        digest: `sha256:<hex>` of its manifest.
        trust: Who is trusted.

    Returns:
        Who signed; the first in the registry's stable order.

    Raises:
        VerificationFailed: There is none; the message names what was found instead.
    """
    found = await signatures(registry, repository, digest, trust)
    return require_signed(found, repository, digest, anchors_of(trust).names)


def require_signed(
    found: Iterable[Claim], repository: str, digest: str, names: Sequence[str]
) -> str:
    """The first of some signers who signed an artifact. Pure.

    Args:
        found: Beside the artifact.
        repository: `namespace/name`, for the refusal.
        digest: Of the artifact, for the refusal.
        names: Whose signature is enough.

    Raises:
        VerificationFailed: None of them signed; the message names what was found instead.
    """
    reasons = []
    for signature in found:
        if signature.signer in names:
            return str(signature.signer)
        reasons.append(f"{signature.digest}: {signature.reason or f'by {signature.signer}'}")
    raise _unsigned(repository, digest, names, reasons)


def _unsigned(
    repository: str, digest: str, names: Sequence[str], reasons: list[str]
) -> VerificationFailed:
    shown = "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if reasons[3:] else "")
    message = (
        f"{repository}@{digest} carries {len(reasons)} signatures and none counts: {shown}"
        if reasons
        else f"{repository}@{digest} is not signed"
    )
    return VerificationFailed(
        message,
        remedy=f"It must be signed by the key of one of: {', '.join(names) or 'nobody'}. "
        "Build it through the push pipeline.",
    )
