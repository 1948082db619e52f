"""Sigstore bundle v0.3 around a DSSE envelope, for a pinned key. Pure.

https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto, and cosign's
`specs/BUNDLE_SPEC.md` for how a bundle is stored beside an image.

Rules for reading:
1. Strict JSON of media type `application/vnd.dev.sigstore.bundle.v0.3+json`.
2. The verification material is a public key's hint. Certificates are refused by name: trust is by
   pinned key here. The hint is not used.
3. The content is a DSSE envelope; bare message signatures are refused by name.
4. Log entries are handed on as they are: `transparency.inclusion` checks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing import strict_json
from idp.protocols.signing.dsse import MAX_ENVELOPE_BYTES

BUNDLE_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MAX_BUNDLE_BYTES = MAX_ENVELOPE_BYTES
MAX_LOG_ENTRIES = 8


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds, not yet verified.

    Attributes:
        envelope: The DSSE envelope.
        log_entries: Proofs that it is in a transparency log; often none.
    """

    envelope: dict[str, Any]
    log_entries: list[Any]


def encode_bundle(
    envelope: bytes, key_hint: str, log_entries: Sequence[Mapping[str, Any]] = ()
) -> bytes:
    """Wrap a DSSE envelope.

    Args:
        envelope: As `dsse.sign_envelope` makes it.
        key_hint: `keys.key_id` of the key that signed.
        log_entries: Proofs that the envelope is in a transparency log.
    """
    return strict_json.canonical(
        {
            "mediaType": BUNDLE_MEDIA_TYPE,
            "verificationMaterial": {
                "publicKey": {"hint": key_hint},
                "tlogEntries": list(log_entries),
            },
            "dsseEnvelope": orjson.loads(envelope),
        }
    )


def read_bundle(data: bytes) -> Bundle:
    """Take a bundle apart.

    Raises:
        VerificationFailed: A rule is broken.
    """
    body = strict_json.parse_object(data, limit=MAX_BUNDLE_BYTES, what="the bundle")
    if body.get("mediaType") != BUNDLE_MEDIA_TYPE:  # Rule 1
        raise VerificationFailed(f"the bundle is of type {body.get('mediaType')!r}, not v0.3")
    material = body.get("verificationMaterial")
    if not isinstance(material, dict) or not isinstance(material.get("publicKey"), dict):  # Rule 2
        raise VerificationFailed(
            "the bundle is not signed with a plain key: certificates are not supported",
            remedy="Sign with a key (`cosign sign --key`), and pin its public key.",
        )
    envelope = body.get("dsseEnvelope")
    if not isinstance(envelope, dict):  # Rule 3
        raise VerificationFailed(
            "the bundle holds no DSSE envelope: other content is not supported"
        )
    entries = material.get("tlogEntries", [])
    if not isinstance(entries, list) or len(entries) > MAX_LOG_ENTRIES:
        raise VerificationFailed(f"the bundle must have at most {MAX_LOG_ENTRIES} log entries")
    return Bundle(envelope, entries)
