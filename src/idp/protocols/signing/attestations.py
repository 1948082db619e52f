"""Attestations beside an artifact: in-toto statements, signed, stored as OCI referrers.

Each is one Sigstore bundle as cosign stores it, so `cosign verify-attestation --key` and
`@sigstore/verify` can check it. Whoever may attest to a repository can add anything; what counts
is only what verifies against the pinned keys, and the rest is reported, not hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.kernel.capability import Signer
from idp.kernel.errors import NotFound, TooLarge, VerificationFailed
from idp.protocols.oci.ports import Descriptor, Registry
from idp.protocols.signing import dsse
from idp.protocols.signing.bundle import (
    BUNDLE_MEDIA_TYPE,
    MAX_BUNDLE_BYTES,
    encode_bundle,
    read_bundle,
)
from idp.protocols.signing.keys import key_id
from idp.protocols.signing.referrers import list_referrers, push_referrer, single_layer
from idp.protocols.signing.statement import (
    PAYLOAD_TYPE,
    Statement,
    encode_statement,
    read_statement,
)


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A statement by somebody whose key is pinned.

    Attributes:
        predicate_type: Which kind of claim (see `predicates`).
        predicate: The claim.
        signer: Name of the pinned key.
        digest: Of the attestation's manifest.
    """

    predicate_type: str
    predicate: dict[str, Any]
    signer: str
    digest: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """An artifact that claims to be an attestation and proves nothing.

    Attributes:
        digest: Of its manifest.
        reason: Which rule it breaks.
    """

    digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found beside an artifact, in the registry's stable order."""

    verified: list[VerifiedStatement]
    rejected: list[Rejected]


def sign_statement(name: str, digest: str, statement: Statement, signer: Signer) -> bytes:
    """A statement about one artifact as a signed bundle. Pure, and the same every time."""
    payload = encode_statement(name, digest, statement)
    envelope = dsse.sign_envelope(signer, PAYLOAD_TYPE, payload)
    return encode_bundle(envelope, key_id(signer.public_key))


def verify_statement(
    data: bytes, subject_digest: str, keys: Mapping[str, str]
) -> tuple[Statement, str]:
    """Check a bundle. Pure.

    Returns:
        The statement and the name of the pinned key that signed it.

    Raises:
        VerificationFailed: A rule of `bundle`, `dsse`, `pinned` or `statement` is broken.
    """
    verified = dsse.verify_parsed(read_bundle(data), keys)
    statement = read_statement(verified.payload_type, verified.payload, subject_digest)
    return statement, verified.signer_name


async def attach(
    registry: Registry,
    repository: str,
    subject_digest: str,
    predicate_type: str,
    predicate: dict[str, Any],
    signer: Signer,
) -> Descriptor:
    """Sign a statement and store it beside its subject; the same content has the same digest.

    Args:
        registry: Where the subject is.
        repository: `namespace/name`.
        subject_digest: `sha256:<hex>` of the subject's manifest.
        predicate_type: See `predicates`.
        predicate: JSON values.
        signer: Whose word it is.

    Returns:
        The attestation's manifest.

    Raises:
        NotFound: The subject is not in the repository.
        TooLarge: The statement is larger than a verifier would read.
    """
    statement = Statement(predicate_type, predicate)
    data = sign_statement(repository, subject_digest, statement, signer)
    if len(data) > MAX_BUNDLE_BYTES:
        raise TooLarge(f"the attestation has {len(data)} bytes, more than {MAX_BUNDLE_BYTES}")
    layer = await registry.push_blob(repository, data, BUNDLE_MEDIA_TYPE)
    annotations = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": predicate_type,
    }
    return await push_referrer(
        registry, repository, subject_digest, BUNDLE_MEDIA_TYPE, layer, annotations
    )


async def statements(
    registry: Registry,
    repository: str,
    subject_digest: str,
    keys: Mapping[str, str],
    *,
    predicate_type: str | None = None,
) -> Findings:
    """Read and check what is attested about an artifact.

    Args:
        registry: Where the subject is.
        repository: `namespace/name`.
        subject_digest: `sha256:<hex>` of the subject's manifest.
        keys: Name -> PEM text of the pinned public keys.
        predicate_type: Only verified statements of this type; None for all. What is rejected is
            listed in either case: its type is not known.

    Raises:
        Unavailable: The registry cannot be read. An answer that is not whole is no answer.
        VerificationFailed: There are too many to check.
    """
    found = Findings([], [])
    for referrer in await list_referrers(registry, repository, subject_digest, BUNDLE_MEDIA_TYPE):
        try:
            layer = await single_layer(
                registry, repository, referrer, subject_digest, BUNDLE_MEDIA_TYPE
            )
            data = await registry.blob(repository, layer.digest, limit=MAX_BUNDLE_BYTES)
            statement, signer = verify_statement(data, subject_digest, keys)
        except (VerificationFailed, TooLarge, NotFound) as error:
            found.rejected.append(Rejected(referrer.digest, error.message))
            continue
        if predicate_type in (None, statement.predicate_type):
            found.verified.append(
                VerifiedStatement(
                    statement.predicate_type, statement.predicate, signer, referrer.digest
                )
            )
    return found
