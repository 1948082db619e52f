"""Attestations beside an artifact: in-toto statements, signed, stored as OCI referrers.

Each is one Sigstore bundle as cosign stores it, so `cosign verify-attestation --key` and
`@sigstore/verify` can check it. Whoever may attest to a repository can add anything; what counts
is only what verifies against the pinned keys, and the rest is reported, not hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from idp.kernel.capability import Signer
from idp.kernel.clock import utc_now
from idp.kernel.errors import NotFound, TooLarge, VerificationFailed
from idp.protocols.oci.ports import Descriptor, Registry, RegistryReader
from idp.protocols.signing import dsse
from idp.protocols.signing.anchors import Trust, anchors_of
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
from idp.protocols.signing.transparency.entry import entry_of
from idp.protocols.signing.transparency.inclusion import Logged
from idp.protocols.signing.verification import verify_bundle


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A statement by somebody whose key is pinned.

    Attributes:
        predicate_type: Which kind of claim (see `predicates`).
        predicate: The claim.
        signer: Name of the holder of the pinned key, or of the identity.
        digest: Of the attestation's manifest.
        logged: Where it stands in a pinned transparency log; None when it is in none.
    """

    predicate_type: str
    predicate: dict[str, Any]
    signer: str
    digest: str
    logged: Logged | None = None


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

    def logged_by(self, signer: str) -> Findings:
        """What one signer said and logged; all else is among the rejected, with the reason."""
        found = Findings([], [*self.rejected])
        for statement in self.verified:
            if statement.signer != signer:
                reason = f"it is signed by {statement.signer}, not by {signer}"
                found.rejected.append(Rejected(statement.digest, reason))
            elif statement.logged is None:
                found.rejected.append(Rejected(statement.digest, _unlogged(signer)))
            else:
                found.verified.append(statement)
        return found


async def sign_statement(name: str, digest: str, statement: Statement, signer: Signer) -> bytes:
    """A statement about one artifact as a signed bundle, the same every time.

    It is logged before anybody can have it: what a log does not show was not said.
    """
    payload = encode_statement(name, digest, statement)
    envelope = dsse.sign_envelope(signer, PAYLOAD_TYPE, payload)
    body, logged, stamps = orjson.loads(envelope), [], []
    if signer.timestamps is not None:
        stamps.append(await signer.timestamps.stamp(dsse.signature_in(body)))
    if signer.log is not None:
        logged.append(await signer.log.append(entry_of(body, signer.public_key)))
    return encode_bundle(envelope, key_id(signer.public_key), logged, timestamps=stamps)


def verify_statement(
    data: bytes,
    subject_digest: str,
    trust: Trust,
    *,
    must_be_logged: bool = False,
    now: datetime | None = None,
) -> tuple[Statement, str, Logged | None]:
    """Check a bundle.

    Args:
        data: The bundle.
        subject_digest: `sha256:<hex>` of the artifact in question.
        trust: Who is trusted.
        must_be_logged: Whether it only counts when it is in a pinned transparency log.
        now: The present; None for the clock's.

    Returns:
        The statement, who signed it, and where it is logged.

    Raises:
        VerificationFailed: A rule of `bundle`, `verification` or `statement` is broken.
    """
    verified = verify_bundle(read_bundle(data), anchors_of(trust), now or utc_now())
    statement = read_statement(verified.payload_type, verified.payload, subject_digest)
    if must_be_logged and verified.logged is None:
        raise VerificationFailed(_unlogged(verified.signer))
    return statement, verified.signer, verified.logged


def _unlogged(signer: str) -> str:
    return f"it is not in the transparency log of {signer}"


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
    data = await sign_statement(repository, subject_digest, statement, signer)
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
    registry: RegistryReader,
    repository: str,
    subject_digest: str,
    trust: Trust,
    *,
    predicate_type: str | None = None,
    must_be_logged: bool = False,
    now: datetime | None = None,
) -> Findings:
    """Read and check what is attested about an artifact.

    Args:
        registry: Where the subject is.
        repository: `namespace/name`.
        subject_digest: `sha256:<hex>` of the subject's manifest.
        trust: Who is trusted.
        predicate_type: Only verified statements of this type; None for all. What is rejected is
            listed in either case: its type is not known.
        must_be_logged: Whether only those count that are in a pinned transparency log.
        now: The present; None for the clock's.

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
            statement, signer, logged = verify_statement(
                data, subject_digest, trust, must_be_logged=must_be_logged, now=now
            )
        except (VerificationFailed, TooLarge, NotFound) as error:
            found.rejected.append(Rejected(referrer.digest, error.message))
            continue
        if predicate_type in (None, statement.predicate_type):
            found.verified.append(
                VerifiedStatement(
                    statement.predicate_type, statement.predicate, signer, referrer.digest, logged
                )
            )
    return found
