"""Our time stamps are accepted by somebody else's verifier, and wrong ones refused by ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc3161_client
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client.base import HashAlgorithm

from idp.kernel.errors import InvalidInput, VerificationFailed
from idp.protocols.signing.timestamps.authority import TimestampAuthority, certify
from idp.protocols.signing.timestamps.token import UnknownAuthority, pem_of, verify_timestamp

NOW = datetime(2026, 11, 25, 12, 0, 0, 999999, tzinfo=UTC)
CONTENT = b"a signature"


def authority(now: datetime = NOW, certified: datetime = NOW) -> TimestampAuthority:
    key = ec.generate_private_key(ec.SECP256R1())
    return TimestampAuthority(key, certify(key, "clock", certified)[0], lambda: now)


@pytest.fixture(scope="module")
def clock() -> TimestampAuthority:
    return authority()


def request(content: bytes = CONTENT) -> Any:
    return (
        rfc3161_client.TimestampRequestBuilder()
        .data(content)
        .hash_algorithm(HashAlgorithm.SHA256)
        .build()
    )


def test_somebody_elses_client_accepts_ours() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf, root = certify(key, "clock", NOW)
    clock = TimestampAuthority(key, leaf, lambda: NOW)
    asked = request()
    response = rfc3161_client.decode_timestamp_response(clock.respond(asked.as_bytes()))
    verifier = (
        rfc3161_client.VerifierBuilder()
        .add_root_certificate(root)
        .tsa_certificate(leaf)
        .nonce(asked.nonce)
        .build()
    )
    assert verifier.verify_message(response, CONTENT)
    assert response.tst_info.gen_time == NOW.replace(microsecond=0)
    with pytest.raises(rfc3161_client.VerificationError):
        verifier.verify_message(response, b"another")


def test_the_time_is_whole_seconds(clock: TimestampAuthority) -> None:
    pinned = [pem_of(clock.certificate)]
    assert verify_timestamp(clock.stamp(CONTENT), CONTENT, pinned) == NOW.replace(microsecond=0)


def test_another_content_is_refused(clock: TimestampAuthority) -> None:
    with pytest.raises(VerificationFailed, match="another signature"):
        verify_timestamp(clock.stamp(CONTENT), b"another", [pem_of(clock.certificate)])


def test_a_clock_that_is_not_pinned_proves_nothing(clock: TimestampAuthority) -> None:
    with pytest.raises(UnknownAuthority):
        verify_timestamp(clock.stamp(CONTENT), CONTENT, [pem_of(authority().certificate)])


def test_an_expired_authority_is_refused() -> None:
    old = authority(certified=NOW - timedelta(days=3651))
    with pytest.raises(VerificationFailed, match="was not valid on 2026-11-25"):
        verify_timestamp(old.stamp(CONTENT), CONTENT, [pem_of(old.certificate)])


def later(response: Any) -> None:
    content = response["time_stamp_token"]["content"]["encap_content_info"]
    info = content["content"].parsed
    info["gen_time"] = NOW + timedelta(days=1)
    content["content"] = core.ParsableOctetString(info.dump(force=True))


def other_signature(response: Any) -> None:
    signer = response["time_stamp_token"]["content"]["signer_infos"][0]
    signer["signature"] = authority()._key.sign(b"x", ec.ECDSA(hashes.SHA256()))


def no_certificate(response: Any) -> None:
    response["time_stamp_token"]["content"]["certificates"] = []


def refused_status(response: Any) -> None:
    response["status"]["status"] = "rejection"


@pytest.mark.parametrize(
    ("forge", "refusal"),
    [
        (later, "altered after it was signed"),
        (other_signature, "not its certificate's"),
        (no_certificate, "does not bring"),
        (refused_status, "did not grant"),
    ],
)
def test_a_forged_one_is_refused(
    clock: TimestampAuthority, forge: Callable[[Any], None], refusal: str
) -> None:
    response = tsp.TimeStampResp.load(clock.stamp(CONTENT))
    forge(response)
    with pytest.raises(VerificationFailed, match=refusal):
        verify_timestamp(response.dump(force=True), CONTENT, [pem_of(clock.certificate)])


@pytest.mark.parametrize("cut", [0, 1, 50, 400])
def test_what_is_cut_off_is_refused(clock: TimestampAuthority, cut: int) -> None:
    with pytest.raises(VerificationFailed):
        verify_timestamp(clock.stamp(CONTENT)[:cut], CONTENT, [pem_of(clock.certificate)])


def test_a_certificate_for_something_else_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "web")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    wrong = TimestampAuthority(key, certificate, lambda: NOW)
    with pytest.raises(VerificationFailed, match="not for time stamping alone"):
        verify_timestamp(wrong.stamp(CONTENT), CONTENT, [pem_of(certificate)])


@pytest.mark.parametrize("body", [b"", b"\x30\x00", b"x" * 20000])
def test_requests_of_another_form_are_refused(clock: TimestampAuthority, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        clock.respond(body)


def test_other_digests_are_refused(clock: TimestampAuthority) -> None:
    asked = (
        rfc3161_client.TimestampRequestBuilder()
        .data(CONTENT)
        .hash_algorithm(HashAlgorithm.SHA512)
        .build()
    )
    with pytest.raises(InvalidInput, match="sha512"):
        clock.respond(asked.as_bytes())
