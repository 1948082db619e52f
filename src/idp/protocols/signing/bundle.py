"""Sigstore bundle v0.3 around a DSSE envelope, for a pinned key or a certificate. Pure.

https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto, and cosign's
`specs/BUNDLE_SPEC.md` for how a bundle is stored beside an image.

Rules for reading:
1. Strict JSON of media type `application/vnd.dev.sigstore.bundle.v0.3+json`.
2. The verification material is a public key's hint, which is not used, or one certificate; a chain
   is refused by name, for the authorities are the verifier's own.
3. The content is a DSSE envelope; bare message signatures are refused by name.
4. Log entries, time stamps and the certificate are handed on as they are: `transparency.inclusion`,
   `timestamps.token` and `certificates` check them.
"""

from __future__ import annotations

import base64
import binascii
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
MAX_TIMESTAMPS = 8
MAX_ELEMENT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds, not yet verified.

    Attributes:
        envelope: The DSSE envelope.
        log_entries: Proofs that it is in a transparency log; often none.
        timestamps: RFC 3161 responses over the signature, in DER.
        certificate: Of the signer, in DER; None when a plain key signed.
    """

    envelope: dict[str, Any]
    log_entries: list[Any]
    timestamps: list[bytes]
    certificate: bytes | None = None


def encode_bundle(
    envelope: bytes,
    key_hint: str,
    log_entries: Sequence[Mapping[str, Any]] = (),
    *,
    timestamps: Sequence[bytes] = (),
    certificate: bytes | None = None,
) -> bytes:
    """Wrap a DSSE envelope.

    Args:
        envelope: As `dsse.sign_envelope` makes it.
        key_hint: `keys.key_id` of the key that signed.
        log_entries: Proofs that the envelope is in a transparency log.
        timestamps: RFC 3161 responses over the signature, in DER.
        certificate: Of the key, in DER; it stands in place of the hint.
    """
    material: dict[str, Any] = {"tlogEntries": list(log_entries)}
    if certificate is None:
        material["publicKey"] = {"hint": key_hint}
    else:
        material["certificate"] = {"rawBytes": base64.b64encode(certificate).decode()}
    if timestamps:
        material["timestampVerificationData"] = {
            "rfc3161Timestamps": [
                {"signedTimestamp": base64.b64encode(stamp).decode()} for stamp in timestamps
            ]
        }
    return strict_json.canonical(
        {
            "mediaType": BUNDLE_MEDIA_TYPE,
            "verificationMaterial": material,
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
    if not isinstance(material, dict):
        raise VerificationFailed("the bundle has no verification material")
    certificate = _certificate(material)  # Rule 2
    envelope = body.get("dsseEnvelope")
    if not isinstance(envelope, dict):  # Rule 3
        raise VerificationFailed(
            "the bundle holds no DSSE envelope: other content is not supported"
        )
    entries = material.get("tlogEntries", [])
    if not isinstance(entries, list) or len(entries) > MAX_LOG_ENTRIES:
        raise VerificationFailed(f"the bundle must have at most {MAX_LOG_ENTRIES} log entries")
    return Bundle(envelope, entries, _timestamps(material), certificate)


def _certificate(material: Mapping[str, Any]) -> bytes | None:
    if isinstance(material.get("publicKey"), dict):
        return None
    certificate = material.get("certificate")
    if not isinstance(certificate, dict):
        raise VerificationFailed(
            "the bundle names neither a plain key nor one certificate",
            remedy="Sign with a key (`cosign sign --key`), or as bundle v0.3 with a certificate.",
        )
    return _decode(certificate.get("rawBytes"), "certificate")


def _timestamps(material: Mapping[str, Any]) -> list[bytes]:
    data = material.get("timestampVerificationData") or {}
    stamps = data.get("rfc3161Timestamps", []) if isinstance(data, dict) else None
    if not isinstance(stamps, list) or len(stamps) > MAX_TIMESTAMPS:
        raise VerificationFailed(f"the bundle must have at most {MAX_TIMESTAMPS} time stamps")
    return [
        _decode(stamp.get("signedTimestamp") if isinstance(stamp, dict) else None, "time stamp")
        for stamp in stamps
    ]


def _decode(text: object, what: str) -> bytes:
    if not isinstance(text, str) or len(text) > MAX_ELEMENT_BYTES:
        raise VerificationFailed(f"the bundle's {what} is missing or too large")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VerificationFailed(f"the bundle's {what} is not base64") from error
