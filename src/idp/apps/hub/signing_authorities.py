"""The hub's time stamp authority and certificate authority, and their keys.

Neither shares a key with an instance: what an instance signs is dated by somebody else, so whoever
steals an instance's key cannot date a signature back. Their certificates are pinned at set-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.files import create_file
from idp.protocols.signing.authority import (
    LIFE,
    CertificateAuthority,
    ProvenIdentity,
    certify_authority,
)
from idp.protocols.signing.timestamps.authority import TimestampAuthority, certify
from idp.protocols.signing.timestamps.token import pem_of
from idp.protocols.signing.tokens import AUDIENCE, identity_of

CERTIFICATE_AUTHORITY, TIMESTAMP_AUTHORITY = "certificates", "timestamps"
_TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Authorities:
    """What the hub vouches with.

    Attributes:
        issuer: Address of the hub, as its identity tokens name it.
        certificates: Certifies who is signed in.
        timestamps: Says when it saw a signature.
        tokens: Key of the identity tokens.
        clock: The time.
    """

    issuer: str
    certificates: CertificateAuthority
    timestamps: TimestampAuthority
    tokens: ec.EllipticCurvePrivateKey
    clock: Clock = utc_now

    def token(self, user: str) -> str:
        """An identity token of a user who is signed in, for the certificate authority only."""
        now = self.clock()
        claims = {
            "iss": self.issuer,
            "sub": f"{self.issuer}/users/{user}",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LIFE,
        }
        return jwt.encode(claims, self.tokens, algorithm="ES256")

    def identity(self, token: str) -> ProvenIdentity:
        """Who a token of the hub is about.

        Raises:
            Unauthorized: It proves nothing.
        """
        key = jwt.algorithms.ECAlgorithm.to_jwk(self.tokens.public_key(), as_dict=True)
        return identity_of(token, {self.issuer: {"keys": [{**key, "use": "sig"}]}})


def open_authorities(folder: Path, issuer: str, clock: Clock = utc_now) -> Authorities:
    """Read the authorities' keys; make them on first use.

    Raises:
        MissingPrerequisite: A file is damaged, or others can read it.
    """
    now = clock()
    key, certificate = _authority(folder, CERTIFICATE_AUTHORITY, now)
    clock_key, clock_certificate = _authority(folder, TIMESTAMP_AUTHORITY, now)
    return Authorities(
        issuer,
        CertificateAuthority(key, certificate, clock),
        TimestampAuthority(clock_key, clock_certificate, clock),
        _key(folder / f"{_TOKENS}.key"),
        clock,
    )


def _authority(
    folder: Path, name: str, now: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key, path = _key(folder / f"{name}.key"), folder / f"{name}.pem"
    if not path.exists():
        called = f"IDP {name}"
        chain = (
            [certify_authority(key, called, now)]
            if name == CERTIFICATE_AUTHORITY
            else certify(key, called, now)
        )
        create_file(path, "".join(map(pem_of, chain)).encode(), mode=0o644)
    return key, x509.load_pem_x509_certificates(path.read_bytes())[0]


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        create_file(path, pem)
    if path.stat().st_mode & 0o077:
        raise MissingPrerequisite(
            f"{path} can be used by others, so the key proves nothing",
            remedy=f"Run `chmod 600 {path}`; if somebody may have read it, replace the key.",
        )
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise MissingPrerequisite(f"{path} is no ECDSA key", remedy="Restore it from a backup.")
    return key
