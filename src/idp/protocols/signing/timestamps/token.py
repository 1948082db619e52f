"""Reading a time stamp response (RFC 3161 section 2.4.2) with suspicion. Pure.

Rules:
1. The response is DER within its size limit and grants a token.
2. The token is CMS signed data over a `TSTInfo`, with one signer (RFC 3161 section 2.4.2).
3. The message imprint is SHA-256 of the content in question.
4. The signer's certificate is a pinned one, or is issued directly by a pinned one; it is for time
   stamping and nothing else (section 2.3), and was valid at the time that it states.
5. The signed attributes name the content's type, its SHA-256 digest, and the certificate (RFC
   5816), and the signature over them is by that certificate's key.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.kernel.clock import timestamp
from idp.kernel.errors import VerificationFailed


class UnknownAuthority(VerificationFailed):
    """A time stamp of somebody whose clock is not trusted: it proves nothing, and does no harm."""


MAX_TOKEN_BYTES = 64 * 1024
_GRANTED = ("granted", "granted_with_mods")


def verify_timestamp(response: bytes, content: bytes, authorities: Sequence[str]) -> datetime:
    """When an authority saw some content.

    Args:
        response: `TimeStampResp` in DER.
        content: What was stamped; of a bundle, the signature.
        authorities: Pinned certificates, PEM text: of authorities, or of who issues theirs.

    Returns:
        The time, with its zone.

    Raises:
        VerificationFailed: A rule is broken.
    """
    if len(response) > MAX_TOKEN_BYTES:  # Rule 1
        raise VerificationFailed("the time stamp is larger than one is")
    try:
        signed, info, signer, certificate = _parts(response)
        moment = info["gen_time"].native
        imprint = info["message_imprint"]
        _require_imprint(imprint["hash_algorithm"]["algorithm"].native, imprint, content)
        _require_signed(signed, signer, certificate)
        _require_authority(certificate, moment, authorities)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise VerificationFailed(f"the time stamp is not as RFC 3161 has it: {error}") from error
    if not isinstance(moment, datetime):
        raise VerificationFailed("the time stamp states no time")
    return moment.astimezone(UTC)


def timestamp_request(content: bytes) -> bytes:
    """A `TimeStampReq` in DER over the SHA-256 digest of some content.

    Without a nonce: the imprint is of a signature that nobody stamped before.
    """
    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": hashlib.sha256(content).digest(),
    }
    request: bytes = tsp.TimeStampReq(
        {"version": "v1", "message_imprint": imprint, "cert_req": True}
    ).dump()
    return request


def _parts(response: bytes) -> tuple[Any, Any, Any, Any]:
    body = tsp.TimeStampResp.load(response, strict=True)
    status = body["status"]["status"].native
    if status not in _GRANTED:
        raise VerificationFailed(f"the time stamp authority did not grant a token: {status}")
    token = body["time_stamp_token"]
    if token["content_type"].native != "signed_data":  # Rule 2
        raise VerificationFailed("the time stamp is no signed data")
    certificates = pkcs7.load_der_pkcs7_certificates(token.dump())
    signed = token["content"]
    content = signed["encap_content_info"]
    if content["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
        raise VerificationFailed("the time stamp holds no TSTInfo, or has not one signer")
    (signer,) = signed["signer_infos"]
    return signed, content["content"].parsed, signer, _certificate_of(certificates, signer)


def _certificate_of(
    certificates: Sequence[x509.Certificate], signer: cms.SignerInfo
) -> x509.Certificate:
    wanted = signer["sid"].chosen
    for certificate in certificates:
        if isinstance(wanted, cms.IssuerAndSerialNumber) and (
            certificate.serial_number == wanted["serial_number"].native
            and certificate.issuer.public_bytes() == wanted["issuer"].dump()
        ):
            return certificate
    raise VerificationFailed("the time stamp does not bring its signer's certificate")


def _require_imprint(algorithm: str, imprint: Any, content: bytes) -> None:  # Rule 3
    if algorithm != "sha256":
        raise VerificationFailed(f"the time stamp is over a {algorithm} digest, not sha256")
    if imprint["hashed_message"].native != hashlib.sha256(content).digest():
        raise VerificationFailed("the time stamp is of another signature")


def _require_signed(signed: Any, signer: Any, certificate: x509.Certificate) -> None:  # Rule 5
    covered = _as_set(signer["signed_attrs"])  # before it is read: as it came, not encoded anew
    content = signed["encap_content_info"]["content"].contents
    attributes = {item["type"].native: item["values"] for item in signer["signed_attrs"]}
    (kind,), (digest,) = attributes["content_type"], attributes["message_digest"]
    if kind.native != "tst_info" or digest.native != hashlib.sha256(content).digest():
        raise VerificationFailed("the time stamp was altered after it was signed")
    named = attributes["signing_certificate_v2"][0]["certs"][0]
    if named["hash_algorithm"]["algorithm"].native != "sha256" or named[
        "cert_hash"
    ].native != certificate.fingerprint(hashes.SHA256()):
        raise VerificationFailed("the time stamp names another certificate than it brings")
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise VerificationFailed("the time stamp is not signed with ECDSA, the only one supported")
    if signer["digest_algorithm"]["algorithm"].native != "sha256":
        raise VerificationFailed("the time stamp is not signed over SHA-256")
    try:
        key.verify(
            signer["signature"].native,
            covered,
            ec.ECDSA(hashes.SHA256()),
        )
    except InvalidSignature as error:
        raise VerificationFailed("the time stamp's signature is not its certificate's") from error


def _require_authority(  # Rule 4
    certificate: x509.Certificate, moment: datetime, authorities: Sequence[str]
) -> None:
    pinned = [_pinned(text) for text in authorities]
    if not any(certificate == one or _issued(certificate, one) for one in pinned):
        raise UnknownAuthority(
            "the time stamp is of no pinned authority",
            remedy="Pin the authority's certificate if you trust its clock.",
        )
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING] or not usage.critical:
        raise VerificationFailed("the time stamp's certificate is not for time stamping alone")
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise VerificationFailed(
            f"the authority's certificate was not valid on {timestamp(moment)}"
        )


def _as_set(attributes: Any) -> bytes:
    """The attributes as they are signed: with the tag of a SET (RFC 5652 section 5.4)."""
    return b"\x31" + bytes(attributes.dump())[1:]


@functools.lru_cache(maxsize=64)
def _pinned(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return constraints.ca


def pem_of(certificate: x509.Certificate) -> str:
    """PEM text of a certificate."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
