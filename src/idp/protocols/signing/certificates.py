"""Short-lived certificates in place of keys: who signed, as an identity provider says. Pure.

The extensions are Fulcio's
(https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md), so a certificate of Sigstore's form
is read here and ours by its verifiers.

Rules:
1. The certificate is issued directly by a pinned authority's certificate, which is a CA.
2. It is for code signing, not a CA itself, and its key is ECDSA on P-256.
3. It names its identity provider in the extension 1.3.6.1.4.1.57264.1.8 and one subject
   alternative name, a URI or an e-mail address.
4. Provider and subject match one of the verifier's identities; the subject's pattern matches all of
   it, `*` standing for any characters.
5. It was valid when it signed. That time must be proved: by a time stamp, or by a pinned log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.kernel.clock import timestamp
from idp.kernel.errors import VerificationFailed

ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
"""The identity provider, as a DER UTF8String."""

LEGACY_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
"""The same as bare bytes, which older verifiers read."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who signs by signing in.

    Attributes:
        name: As policies name this signer.
        issuer: Address of the identity provider, exactly.
        subject: Pattern of the subject: an e-mail address or a URI, `*` for any characters.
    """

    name: str
    issuer: str
    subject: str

    def matches(self, issuer: str, subject: str) -> bool:
        """Whether this is who the certificate names."""
        pattern = ".*".join(re.escape(part) for part in self.subject.split("*"))
        return issuer == self.issuer and re.fullmatch(pattern, subject) is not None


@dataclass(frozen=True, slots=True)
class Identified:
    """A certificate that a pinned authority issued to a known identity.

    Attributes:
        name: Of the identity.
        public_key: PEM text.
        not_before: From when on it may sign.
        not_after: Until when.
        pem: The certificate as PEM text, as logs name it.
    """

    name: str
    public_key: str
    not_before: datetime
    not_after: datetime
    pem: str


def identify(
    certificate: bytes, authorities: Sequence[str], identities: Sequence[Identity]
) -> Identified:
    """Check rules 1 to 4.

    Args:
        certificate: In DER.
        authorities: Pinned certificates of authorities, PEM text.
        identities: Who is trusted.

    Raises:
        VerificationFailed: A rule is broken.
    """
    try:
        leaf = x509.load_der_x509_certificate(certificate)
        _require_issued(leaf, authorities)
        _require_code_signing(leaf)
        issuer, subject = issuer_of(leaf), subject_of(leaf)
    except (ValueError, x509.ExtensionNotFound, UnsupportedAlgorithm) as error:
        raise VerificationFailed(f"the certificate is not one of Fulcio's form: {error}") from error
    for identity in identities:
        if identity.matches(issuer, subject):  # Rule 4
            return Identified(
                identity.name,
                leaf.public_key()
                .public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
                .decode(),
                leaf.not_valid_before_utc,
                leaf.not_valid_after_utc,
                leaf.public_bytes(serialization.Encoding.PEM).decode(),
            )
    raise VerificationFailed(
        f"{subject} of {issuer} signed it, whom no identity of the trust policy names",
        remedy="Add the identity to the TrustPolicy if it may sign.",
    )


def require_valid_at(identified: Identified, moments: Sequence[datetime | None]) -> None:
    """Check rule 5: every time that is proved lies within the certificate's life.

    Raises:
        VerificationFailed: None is proved, or one lies outside.
    """
    proved = [moment for moment in moments if moment is not None]
    if not proved:
        raise VerificationFailed(
            f"nothing proves when {identified.name} signed, and the certificate lasts minutes",
            remedy="Sign with a time stamp, or log the signature in a pinned log.",
        )
    for moment in proved:
        # Certificates and time stamps know whole seconds only.
        if not identified.not_before <= moment <= identified.not_after:
            raise VerificationFailed(
                f"{identified.name} signed on {timestamp(moment)}, outside the life of the "
                f"certificate ({timestamp(identified.not_before)} to "
                f"{timestamp(identified.not_after)})"
            )


def _require_issued(leaf: x509.Certificate, authorities: Sequence[str]) -> None:  # Rule 1
    for text in authorities:
        issuer = x509.load_pem_x509_certificate(text.encode())
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        try:
            leaf.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        if constraints.ca and (
            issuer.not_valid_before_utc <= leaf.not_valid_before_utc <= issuer.not_valid_after_utc
        ):
            return
    raise VerificationFailed("the certificate is issued by no pinned authority")


def _require_code_signing(leaf: x509.Certificate) -> None:  # Rule 2
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.CODE_SIGNING not in usage:
        raise VerificationFailed("the certificate is not for code signing")
    for extension in leaf.extensions:
        if isinstance(extension.value, x509.BasicConstraints) and extension.value.ca:
            raise VerificationFailed("the certificate is an authority's, which signs no artifacts")
    key = leaf.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise VerificationFailed("the certificate's key is not ECDSA on P-256")


def issuer_of(leaf: x509.Certificate) -> str:
    """The identity provider that a certificate names (rule 3)."""
    raw = leaf.extensions.get_extension_for_oid(ISSUER).value
    if not isinstance(raw, x509.UnrecognizedExtension):
        raise ValueError("the extension for the identity provider is of another kind")
    text = core.UTF8String.load(raw.value, strict=True).native
    if not isinstance(text, str):
        raise ValueError("the extension for the identity provider holds no text")
    return text


def subject_of(leaf: x509.Certificate) -> str:
    """The subject that a certificate names (rule 3)."""
    names = list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    if len(names) != 1 or not isinstance(
        names[0], x509.RFC822Name | x509.UniformResourceIdentifier
    ):
        raise ValueError("it must have one subject alternative name, a URI or an e-mail address")
    return names[0].value
