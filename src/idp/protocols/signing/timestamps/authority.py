"""A time stamp authority (RFC 3161) over one key and clock.

It answers requests over SHA-256 digests and says nothing about what was hashed. Accuracy is not
claimed beyond a second; serial numbers are random, so that no state is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import InvalidInput

POLICY = "1.3.6.1.4.1.57264.2"
"""Sigstore's own time stamping policy, which its verifiers know."""

MAX_REQUEST_BYTES = 16 * 1024
_LIFE = timedelta(days=3650)


class TimestampAuthority:
    """States when it saw a digest.

    Args:
        key: Of the authority; ECDSA on P-256.
        certificate: Of that key, for time stamping only.
        clock: The time.
    """

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, clock: Clock = utc_now
    ) -> None:
        self._key = key
        self.certificate = certificate
        self._leaf = asn1.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
        self._clock = clock

    def stamp(self, content: bytes) -> bytes:
        """A time stamp of some content; the `TimeStampResp` in DER."""
        return self.stamp_digest(hashlib.sha256(content).digest())

    def stamp_digest(self, digest: bytes) -> bytes:
        """A time stamp of content with a SHA-256 digest.

        Raises:
            InvalidInput: It is not as long as one is.
        """
        if len(digest) != hashlib.sha256().digest_size:
            raise InvalidInput("the digest is not as long as one of SHA-256")
        return self._granted(_info(digest, self._clock(), None))

    def respond(self, request: bytes) -> bytes:
        """Answer a `TimeStampReq`.

        Raises:
            InvalidInput: It is no such request, or over another digest than SHA-256.
        """
        if len(request) > MAX_REQUEST_BYTES:
            raise InvalidInput("the time stamp request is larger than one is")
        try:
            body = tsp.TimeStampReq.load(request, strict=True)
            imprint = body["message_imprint"]
            algorithm = imprint["hash_algorithm"]["algorithm"].native
            digest, nonce = imprint["hashed_message"].native, body["nonce"].native
        except (ValueError, TypeError) as error:
            raise InvalidInput(f"that is no RFC 3161 request: {error}") from error
        if algorithm != "sha256" or len(digest) != hashlib.sha256().digest_size:
            raise InvalidInput(
                f"digests of {algorithm} are not stamped", remedy="Send a SHA-256 digest."
            )
        return self._granted(_info(digest, self._clock(), nonce))

    def _granted(self, info: tsp.TSTInfo) -> bytes:
        content = info.dump()
        attributes = self._attributes(content)
        signature = self._key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": self._leaf.issuer, "serial_number": self._leaf.serial_number},
            ),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": signature,
        }
        signed = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {
                "content_type": "tst_info",
                "content": core.ParsableOctetString(content),
            },
            "certificates": [cms.CertificateChoices("certificate", self._leaf)],
            "signer_infos": [signer],
        }
        response: bytes = tsp.TimeStampResp(
            {
                "status": {"status": "granted"},
                "time_stamp_token": {
                    "content_type": "signed_data",
                    "content": cms.SignedData(signed),
                },
            }
        ).dump()
        return response

    def _attributes(self, content: bytes) -> cms.CMSAttributes:
        named = tsp.SigningCertificateV2(
            {
                "certs": [
                    {
                        "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                        "cert_hash": self.certificate.fingerprint(hashes.SHA256()),
                    }
                ]
            }
        )
        values: list[tuple[str, Any]] = [
            ("content_type", "tst_info"),
            ("message_digest", hashlib.sha256(content).digest()),
            ("signing_certificate_v2", named),
        ]
        return cms.CMSAttributes(
            [cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in values]
        )


def _info(digest: bytes, now: datetime, nonce: int | None) -> tsp.TSTInfo:
    body: dict[str, Any] = {
        "version": "v1",
        "policy": POLICY,
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
        "serial_number": secrets.randbits(63),
        "gen_time": now.replace(microsecond=0),
        "accuracy": {"seconds": 1},
    }
    if nonce is not None:
        body["nonce"] = nonce
    return tsp.TSTInfo(body)


def certify(key: ec.EllipticCurvePrivateKey, name: str, now: datetime) -> list[x509.Certificate]:
    """A certificate for time stamping, and that of its issuer, who issues nothing else.

    Whoever pins the first trusts the authority's clock; verifiers that want a chain get one. The
    issuer's key is not kept.
    """
    issuing = ec.generate_private_key(ec.SECP256R1())
    issuer, subject = _named(f"{name} root"), _named(name)
    root = (
        _dated(issuer, issuer, issuing, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(issuing, hashes.SHA256())
    )
    leaf = (
        _dated(subject, issuer, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), False
        )
        .sign(issuing, hashes.SHA256())
    )
    return [leaf, root]


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _dated(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
