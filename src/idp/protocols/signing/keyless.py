"""Signing without a key that is kept: one key per signature, certified and time-stamped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from idp.kernel.capability import TransparencyLog
from idp.protocols.signing import dsse
from idp.protocols.signing.bundle import encode_bundle
from idp.protocols.signing.keys import PrivateKey, key_id
from idp.protocols.signing.statement import PAYLOAD_TYPE, Statement, encode_statement
from idp.protocols.signing.transparency.entry import entry_of

Certify = Callable[[str, bytes], x509.Certificate]
"""Public key (PEM text) and the challenge signed by it -> its certificate."""

Stamp = Callable[[bytes], bytes]
"""Signature -> RFC 3161 response over it."""


async def sign_keyless(
    name: str,
    digest: str,
    statement: Statement,
    challenge: str,
    certify: Certify,
    *,
    stamp: Stamp | None = None,
    log: TransparencyLog | None = None,
) -> bytes:
    """A statement about one artifact as a bundle with a certificate.

    Args:
        name: Of the artifact.
        digest: `sha256:<hex>` of its manifest.
        statement: What is said.
        challenge: `sub` or `email` of the identity token.
        certify: The certificate authority.
        stamp: A time stamp authority; it or the log must prove that the certificate was valid.
        log: Of somebody who is pinned.
    """
    key = PrivateKey.generate()
    certificate = certify(key.public_key, key.sign(challenge.encode()))
    envelope = dsse.sign_envelope(key, PAYLOAD_TYPE, encode_statement(name, digest, statement))
    body: dict[str, Any] = orjson.loads(envelope)
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    logged = [] if log is None else [await log.append(entry_of(body, pem))]
    stamps = [] if stamp is None else [stamp(dsse.signature_in(body))]
    return encode_bundle(
        envelope,
        key_id(key.public_key),
        logged,
        timestamps=stamps,
        certificate=certificate.public_bytes(serialization.Encoding.DER),
    )
