"""cosign's signature of an artifact: that somebody vouches for a digest, and nothing more.

https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md

Two artifacts are written, both as OCI referrers, so that old and new verifiers find theirs: a
simple-signing payload with its signature in an annotation, and (since cosign 3) a Sigstore bundle
with a statement of type `COSIGN_SIGNATURE`. One valid one is enough to verify.

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
from collections.abc import Mapping

from idp.kernel.capability import Signer
from idp.kernel.errors import NotFound, TooLarge, VerificationFailed
from idp.protocols.oci.ports import Descriptor, Registry, RegistryReader
from idp.protocols.signing import strict_json
from idp.protocols.signing.attestations import attach, statements
from idp.protocols.signing.pinned import signer_of
from idp.protocols.signing.predicates import COSIGN_SIGNATURE
from idp.protocols.signing.referrers import list_referrers, push_referrer, single_layer

ARTIFACT_TYPE = "application/vnd.dev.cosign.artifact.sig.v1+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
_CLAIM = "cosign container image signature"
_MAX_PAYLOAD_BYTES = 64 * 1024


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
    payload: bytes, signature: str, digest: str, keys: Mapping[str, str]
) -> str:
    """Check one signature. Pure.

    Args:
        payload: The blob.
        signature: As the annotation holds it.
        digest: `sha256:<hex>` of the artifact in question.
        keys: Name -> PEM text of the pinned public keys.

    Returns:
        Name of the key that signed.

    Raises:
        VerificationFailed: A rule is broken.
    """
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VerificationFailed("the signature is not base64") from error
    name = signer_of(payload, raw, keys)  # Rule 1
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
    await attach(registry, repository, digest, COSIGN_SIGNATURE, dict(annotations or {}), signer)
    return signed


async def verify_digest(
    registry: RegistryReader, repository: str, digest: str, keys: Mapping[str, str]
) -> str:
    """Find a signature by a pinned key.

    Args:
        registry: Where the artifact is.
        repository: `namespace/name`.
        digest: `sha256:<hex>` of its manifest.
        keys: Name -> PEM text of the pinned public keys.

    Returns:
        Name of the key that signed; the first in the registry's stable order.

    Raises:
        VerificationFailed: There is none; the message names what was found instead.
    """
    reasons: list[str] = []
    for referrer in await list_referrers(registry, repository, digest, ARTIFACT_TYPE):
        try:
            layer = await single_layer(registry, repository, referrer, digest, SIMPLE_SIGNING)
            payload = await registry.blob(repository, layer.digest, limit=_MAX_PAYLOAD_BYTES)
            return verify_simple_signing(
                payload, layer.annotations.get(SIGNATURE_ANNOTATION, ""), digest, keys
            )
        except (VerificationFailed, TooLarge, NotFound) as error:
            reasons.append(f"{referrer.digest}: {error.message}")
    found = await statements(registry, repository, digest, keys, predicate_type=COSIGN_SIGNATURE)
    if found.verified:
        return found.verified[0].signer
    reasons += [f"{rejected.digest}: {rejected.reason}" for rejected in found.rejected]
    raise _unsigned(repository, digest, keys, reasons)


def _unsigned(
    repository: str, digest: str, keys: Mapping[str, str], reasons: list[str]
) -> VerificationFailed:
    shown = "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if reasons[3:] else "")
    message = (
        f"{repository}@{digest} carries {len(reasons)} signatures and none counts: {shown}"
        if reasons
        else f"{repository}@{digest} is not signed"
    )
    return VerificationFailed(
        message,
        remedy=f"It must be signed by the key of one of: {', '.join(sorted(keys)) or 'nobody'}. "
        "Build it through the push pipeline.",
    )
