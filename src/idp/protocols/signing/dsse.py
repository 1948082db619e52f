"""DSSE, the envelope around what is signed (Dead Simple Signing Envelope 1.0.0). Pure.

https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md and `envelope.md`

Rules for verifying, in the order of the protocol:
1. The envelope is strict JSON within its size limit.
2. `payload` and `sig` are base64, standard or URL-safe; nothing else is skipped over.
3. There is at least one signature, and at most `MAX_SIGNATURES`.
4. One signature over PAE(payloadType, payload) was made by a pinned key. `keyid` is not
   authenticated and not used.
5. Only then may the payload be looked at; the caller checks `payload_type` first.

>>> verified = verify_envelope(data, {"staging": pem})
>>> verified.signer_name, verified.payload_type
('staging', 'application/vnd.in-toto+json')
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.kernel.capability import Signer
from idp.kernel.errors import VerificationFailed
from idp.kernel.trust import Keys, PinnedKey
from idp.protocols.signing import strict_json
from idp.protocols.signing.keys import key_id
from idp.protocols.signing.pinned import signer_of

MAX_ENVELOPE_BYTES = 32 * 2**20
MAX_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class VerifiedEnvelope:
    """What an envelope proves.

    Attributes:
        payload_type: How to read `payload`.
        payload: The signed bytes.
        signer_name: Name of the holder whose pinned key signed.
        key: Which of the holder's keys.
        signature: The one by that key, DER encoded.
    """

    payload_type: str
    payload: bytes
    signer_name: str
    key: PinnedKey
    signature: bytes


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """PAE: the bytes that are signed, so that type and payload cannot be confused."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign_envelope(signer: Signer, payload_type: str, payload: bytes) -> bytes:
    """Sign a payload; the envelope as JSON."""
    signature = signer.sign(pre_authentication_encoding(payload_type, payload))
    return strict_json.canonical(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [
                {
                    "keyid": key_id(signer.public_key),
                    "sig": base64.b64encode(signature).decode(),
                }
            ],
        }
    )


def signature_in(envelope: Mapping[str, Any]) -> bytes:
    """The first signature of an envelope that `sign_envelope` made, which is what is stamped."""
    return base64.b64decode(envelope["signatures"][0]["sig"])


def verify_envelope(data: bytes, keys: Keys) -> VerifiedEnvelope:
    """Check an envelope.

    Args:
        data: The envelope as JSON.
        keys: What is trusted.

    Raises:
        VerificationFailed: A rule is broken.
    """
    return verify_parsed(
        strict_json.parse_object(data, limit=MAX_ENVELOPE_BYTES, what="the envelope"), keys
    )


def verify_parsed(envelope: Mapping[str, Any], keys: Keys) -> VerifiedEnvelope:
    """Check an envelope that was read by `strict_json` (rules 2 to 5)."""
    payload_type = envelope.get("payloadType")
    if not isinstance(payload_type, str) or not payload_type:
        raise VerificationFailed("the envelope has no payloadType")
    payload = _decode(envelope.get("payload"), "payload")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise VerificationFailed(f"the envelope must have 1 to {MAX_SIGNATURES} signatures")
    signed = pre_authentication_encoding(payload_type, payload)
    refusal = VerificationFailed("the envelope has no signature")
    for signature in signatures:
        try:
            sig = _decode(signature.get("sig") if isinstance(signature, dict) else None, "sig")
            return VerifiedEnvelope(payload_type, payload, *signer_of(signed, sig, keys), sig)
        except VerificationFailed as error:
            refusal = error
    raise refusal


def _decode(text: object, field: str) -> bytes:
    if not isinstance(text, str):
        raise VerificationFailed(f"the envelope's {field} is missing")
    standard = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VerificationFailed(f"the envelope's {field} is not base64") from error
