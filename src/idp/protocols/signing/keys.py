"""Signing keys: ECDSA on P-256 over SHA-256, the pair that cosign and Sigstore use by default.

Rules:
1. Only P-256 keys are made, loaded or trusted; other kinds are refused by name.
2. Signatures are deterministic (RFC 6979), so that signing the same content twice makes the same
   artifact, and a broken source of randomness cannot leak the key.
3. Signatures are DER encoded (RFC 3279 `Ecdsa-Sig-Value`).
4. A private key at rest is encrypted, in cosign's PEM form.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idp.kernel.capability import TimestampSource, TransparencyLog
from idp.kernel.errors import VerificationFailed
from idp.protocols.signing import encrypted

_PEM_LABEL = "ENCRYPTED SIGSTORE PRIVATE KEY"
_READABLE_LABELS = (_PEM_LABEL, "ENCRYPTED COSIGN PRIVATE KEY")


class PrivateKey:
    """An environment's signing key; fulfils `idp.kernel.capability.Signer`."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        _require_p256(key.curve)
        self._key = key
        self._public_key = _public_pem(key.public_key())

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, pem: bytes, password: bytes) -> Self:
        """Read a key in cosign's encrypted form.

        Raises:
            VerificationFailed: It is not in that form, not a P-256 key, or the password is wrong.
        """
        plain = encrypted.unseal(_unarmor(pem), password)
        try:
            key = serialization.load_der_private_key(plain, password=None)
        except (ValueError, TypeError) as error:
            raise VerificationFailed("the decrypted private key is not PKCS #8") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise VerificationFailed(f"the private key is not ECDSA but {type(key).__name__}")
        return cls(key)

    def to_encrypted_pem(self, password: bytes) -> bytes:
        """Write the key in cosign's encrypted form."""
        plain = self._key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return _armor(encrypted.seal(plain, password))

    @property
    def public_key(self) -> str:
        """PEM text of the public key (SubjectPublicKeyInfo)."""
        return self._public_key

    @property
    def log(self) -> TransparencyLog | None:
        """None: a bare key keeps no log (see `transparency.log.LoggedKey`)."""
        return None

    @property
    def timestamps(self) -> TimestampSource | None:
        """None: a bare key knows no clock but its own."""
        return None

    def sign(self, payload: bytes) -> bytes:
        """ECDSA over SHA-256 of `payload`, DER encoded; the same payload, the same signature."""
        return self._key.sign(payload, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def __repr__(self) -> str:
        return f"<PrivateKey {key_id(self._public_key)}>"


def verify_signature(public_key: str, payload: bytes, signature: bytes) -> None:
    """Check a signature.

    Args:
        public_key: PEM text.
        payload: What was signed.
        signature: DER encoded.

    Raises:
        VerificationFailed: The signature is not of this key over this payload.
    """
    try:
        _load_public(public_key).verify(signature, payload, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise VerificationFailed(
            f"the signature was not made over this content by key {key_id(public_key)}"
        ) from error


@functools.lru_cache(maxsize=256)
def key_id(public_key: str) -> str:
    """Name of a key: base64 of SHA-256 over its DER form, the hint that cosign writes in bundles.

    Raises:
        VerificationFailed: It is not the PEM text of a P-256 public key.
    """
    der = _load_public(public_key).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


# A verifier has few keys and checks many signatures with each.
@functools.lru_cache(maxsize=256)
def _load_public(pem: str) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError) as error:
        raise VerificationFailed("the public key is not PEM text of a public key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise VerificationFailed(f"the public key is not ECDSA but {type(key).__name__}")
    _require_p256(key.curve)
    return key


def _require_p256(curve: ec.EllipticCurve) -> None:
    if not isinstance(curve, ec.SECP256R1):
        raise VerificationFailed(
            f"keys on the curve {curve.name} are not supported",
            remedy="Use a P-256 key, as `cosign generate-key-pair` makes it.",
        )


def _public_pem(key: ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _armor(data: bytes) -> bytes:
    text = base64.b64encode(data).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(
        [f"-----BEGIN {_PEM_LABEL}-----", *lines, f"-----END {_PEM_LABEL}-----", ""]
    ).encode()


def _unarmor(pem: bytes) -> bytes:
    lines = pem.decode("ascii", "replace").split()
    text = " ".join(lines)
    for label in _READABLE_LABELS:
        begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
        if text.startswith(begin) and text.endswith(end):
            try:
                return base64.b64decode(
                    text[len(begin) : -len(end)].replace(" ", ""), validate=True
                )
            except binascii.Error as error:
                raise VerificationFailed("the private key file is not valid PEM") from error
    raise VerificationFailed(
        "the private key file is not an encrypted cosign key",
        remedy="It must start with `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----`.",
    )
