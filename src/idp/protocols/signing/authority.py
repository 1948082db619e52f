"""A certificate authority for those who sign in (in Fulcio's form).

Who proves an identity, and that it holds a private key, gets a certificate for that key that lasts
`LIFE`: long enough to sign once, too short to be worth stealing. There is no list of revoked ones,
for there is nothing left to revoke.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import core
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import InvalidInput
from idp.protocols.signing.certificates import ISSUER, LEGACY_ISSUER

LIFE = timedelta(minutes=10)
_AUTHORITY_LIFE = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """Who somebody is, as an identity provider's token says.

    Attributes:
        issuer: Address of the provider.
        subject: E-mail address, or URI.
        challenge: The `sub` or `email` of the token, which the requester signs to prove that it
            holds the key.
    """

    issuer: str
    subject: str
    challenge: str


class CertificateAuthority:
    """Certifies identities.

    Args:
        key: Of the authority; ECDSA on P-256.
        certificate: Of that key, a CA's.
        clock: The time.
    """

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, clock: Clock = utc_now
    ) -> None:
        self._key = key
        self.certificate = certificate
        self._clock = clock

    def certify(self, identity: ProvenIdentity, public_key: str, proof: bytes) -> x509.Certificate:
        """A certificate for one key.

        Args:
            identity: Whose.
            public_key: PEM text of an ECDSA P-256 key.
            proof: Signature by that key over the identity's challenge, DER encoded.

        Raises:
            InvalidInput: It is no such key, or whoever asks does not hold it.
        """
        key = _public_key(public_key)
        try:
            key.verify(proof, identity.challenge.encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise InvalidInput(
                "the proof of possession is not a signature by the public key over the subject"
            ) from error
        now = self._clock().replace(microsecond=0)
        issuer = core.UTF8String(identity.issuer).dump()
        unrecognized = x509.UnrecognizedExtension
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + LIFE)
            .add_extension(x509.SubjectAlternativeName([_name(identity.subject)]), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
            .add_extension(_SIGNS, critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(unrecognized(LEGACY_ISSUER, identity.issuer.encode()), critical=False)
            .add_extension(unrecognized(ISSUER, issuer), critical=False)
            .sign(self._key, hashes.SHA256())
        )


_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_CERTIFIES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _name(subject: str) -> x509.GeneralName:
    if "://" in subject:
        return x509.UniformResourceIdentifier(subject)
    return x509.RFC822Name(subject)


def _public_key(pem: str) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError) as error:
        raise InvalidInput("the public key is not PEM text of one") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInput("only ECDSA keys on P-256 are certified")
    return key


def certify_authority(
    key: ec.EllipticCurvePrivateKey, name: str, now: datetime
) -> x509.Certificate:
    """The authority's own certificate, which verifiers pin."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_CERTIFIES, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
