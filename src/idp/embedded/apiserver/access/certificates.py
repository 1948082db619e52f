"""The instance's certificate authority: its own server certificate, and client certificates.

One folder holds everything: `ca.pem` and `server.pem`, each a private key followed by its
certificate in one file, so that a crash cannot leave a key without its certificate. The CA is made
when the folder is first opened and never replaced; the server certificate is made anew whenever
it is about to expire or does not cover the names asked for.

In a client certificate the common name is the user and each organization is a group, as in every
Kubernetes cluster. There is no revocation, as there: issue for short times.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idp.embedded.apiserver.access.files import create_private, replace_private
from idp.embedded.apiserver.access.identity import UserInfo
from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import MissingPrerequisite

_CA_LIFETIME = timedelta(days=3650)
_SERVER_LIFETIME = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)
_CLOCK_SKEW = timedelta(minutes=5)
_SMALLEST_RSA = 2048

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey


class CertificateAuthority:
    """Signs the certificates of one instance. Made by `open`."""

    def __init__(
        self,
        folder: Path,
        key: ec.EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._key = key
        self._certificate = certificate
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, *, clock: Clock = utc_now) -> Self:
        """Open the authority in a folder; make it on first use.

        Raises:
            MissingPrerequisite: The files are damaged.
        """
        path = folder / "ca.pem"
        if not path.exists():
            create_private(path, _new_authority(clock()))
        try:
            key, certificate = _read(path.read_bytes())
        except (ValueError, TypeError, OSError) as error:
            raise MissingPrerequisite(
                f"the certificate authority {path.name} cannot be read: {error}",
                remedy="Restore it from a backup of the data folder. A new authority would make "
                "every kubeconfig invalid.",
            ) from error
        return cls(folder, key, certificate, clock)

    @property
    def certificate(self) -> str:
        """The authority's certificate (PEM): what clients trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue_server(self, dns_names: Sequence[str], addresses: Sequence[str]) -> tuple[str, str]:
        """Issue a server certificate; answers certificate and private key (PEM)."""
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        alternative = x509.SubjectAlternativeName(names)
        return self._issue(subject, _SERVER_LIFETIME, ExtendedKeyUsageOID.SERVER_AUTH, alternative)

    def issue_client(
        self, user: str, groups: Sequence[str] = (), *, days: float = 365
    ) -> tuple[str, str]:
        """Issue a client certificate; answers certificate and private key (PEM)."""
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
        lifetime = timedelta(days=days)
        return self._issue(x509.Name(attributes), lifetime, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def sign_client(self, request: x509.CertificateSigningRequest, lifetime: timedelta) -> str:
        """Sign a client certificate for the key and the subject of a request (PEM).

        Nothing else is taken over from it: no names, no extensions.

        Raises:
            ValueError: The request is not signed by its own key, or names nobody.
        """
        if not request.is_signature_valid:
            raise ValueError("it is not signed by the key that it is for")
        if not request.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
            raise ValueError("it has no common name, which is the user's name")
        key = request.public_key()
        if not isinstance(key, PublicKey):
            raise ValueError("its key is neither RSA, nor ECDSA, nor Ed25519")
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SMALLEST_RSA:
            raise ValueError(f"its RSA key is shorter than {_SMALLEST_RSA} bits")
        usage = ExtendedKeyUsageOID.CLIENT_AUTH
        certificate = self._signed(request.subject, key, lifetime, usage, None)
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def server_context(
        self,
        dns_names: Sequence[str] = ("localhost",),
        addresses: Sequence[str] = ("127.0.0.1", "::1"),
    ) -> ssl.SSLContext:
        """TLS for the server: client certificates are asked for and, when given, must be ours."""
        path = self._folder / "server.pem"
        if not self._usable(path, dns_names, addresses):
            certificate, key = self.issue_server(dns_names, addresses)
            replace_private(path, f"{key}{certificate}".encode())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(path)
        context.load_verify_locations(cadata=self.certificate)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _usable(self, path: Path, dns_names: Sequence[str], addresses: Sequence[str]) -> bool:
        try:
            _, certificate = _read(path.read_bytes())
            certificate.verify_directly_issued_by(self._certificate)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except Exception:  # whatever is wrong with the file, a new certificate mends it
            return False
        if certificate.not_valid_after_utc - self._clock() < _RENEW_BEFORE:
            return False
        wanted = {str(ipaddress.ip_address(address)) for address in addresses}
        present = {str(address) for address in names.value.get_values_for_type(x509.IPAddress)}
        covered = set(names.value.get_values_for_type(x509.DNSName))
        return wanted <= present and set(dns_names) <= covered

    def _issue(
        self,
        subject: x509.Name,
        lifetime: timedelta,
        usage: x509.ObjectIdentifier,
        alternative: x509.SubjectAlternativeName | None,
    ) -> tuple[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(subject, key.public_key(), lifetime, usage, alternative)
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), _pem(key).decode()

    def _signed(
        self,
        subject: x509.Name,
        key: PublicKey,
        lifetime: timedelta,
        usage: x509.ObjectIdentifier,
        alternative: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        now = self._clock()
        until = min(now + lifetime, self._certificate.not_valid_after_utc)
        builder = (
            _builder(subject, self._certificate.subject, key, now, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if alternative is not None:
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def user_from_certificate(peer_certificate: Mapping[str, Any] | None) -> UserInfo | None:
    """The user of a verified client certificate, as `ssl.SSLSocket.getpeercert()` gives it.

    None when there is no certificate or it names nobody.
    """
    return _user_of_subject(peer_certificate.get("subject", ())) if peer_certificate else None


@lru_cache(maxsize=256)
def _user_of_subject(subject: tuple[tuple[tuple[str, str], ...], ...]) -> UserInfo | None:
    attributes = [attribute for relative_name in subject for attribute in relative_name]
    names = [value for key, value in attributes if key == "commonName"]
    if not names or not names[-1]:
        return None
    return UserInfo(
        names[-1], groups=tuple(value for key, value in attributes if key == "organizationName")
    )


def _new_authority(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp-apiserver-ca")])
    certificate = (
        _builder(name, name, key.public_key(), now, now + _CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _pem(key) + certificate.public_bytes(serialization.Encoding.PEM)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: PublicKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _read(pem: bytes) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the private key is not an elliptic curve key")
    certificate = x509.load_pem_x509_certificate(pem)
    if certificate.public_key() != key.public_key():
        raise ValueError("the private key does not belong to the certificate")
    return key, certificate
