from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import strategies as st

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.dsse import (
    MAX_ENVELOPE_BYTES,
    pre_authentication_encoding,
    sign_envelope,
    verify_envelope,
)
from idp.protocols.signing.keys import PrivateKey

# The test vector of the DSSE specification, whose signature is r and s without DER.
VECTOR_KEY = 97358161215184420915383655311931858321456579547487070936769975997791359926199
VECTOR_PAE = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
VECTOR_SIGNATURE = base64.b64decode(
    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
)
TYPE = "http://example.com/HelloWorld"


@pytest.fixture(scope="module")
def vector_key() -> PrivateKey:
    return PrivateKey(ec.derive_private_key(VECTOR_KEY, ec.SECP256R1()))


def envelope(key: PrivateKey, **changes: Any) -> bytes:
    return json.dumps({**json.loads(sign_envelope(key, TYPE, b"hello world")), **changes}).encode()


def test_the_vector_of_the_specification(vector_key: PrivateKey) -> None:
    assert pre_authentication_encoding(TYPE, b"hello world") == VECTOR_PAE
    body = json.loads(sign_envelope(vector_key, TYPE, b"hello world"))
    assert (body["payload"], body["payloadType"]) == ("aGVsbG8gd29ybGQ=", TYPE)
    r, s = decode_dss_signature(base64.b64decode(body["signatures"][0]["sig"]))
    assert r.to_bytes(32, "big") + s.to_bytes(32, "big") == VECTOR_SIGNATURE


def test_the_specifications_signature_verifies(vector_key: PrivateKey) -> None:
    r, s = (int.from_bytes(half, "big") for half in (VECTOR_SIGNATURE[:32], VECTOR_SIGNATURE[32:]))
    sig = base64.b64encode(encode_dss_signature(r, s)).decode()
    data = json.dumps(
        {"payload": "aGVsbG8gd29ybGQ=", "payloadType": TYPE, "signatures": [{"sig": sig}]}
    )
    verified = verify_envelope(data.encode(), {"vector": vector_key.public_key})
    assert (verified.payload, verified.signer_name) == (b"hello world", "vector")


def test_lengths_are_of_bytes_and_not_of_characters() -> None:
    assert pre_authentication_encoding("é", "€".encode()) == "DSSEv1 2 é 3 €".encode()


def test_the_name_of_the_pinned_key_is_told(staging: PrivateKey, trusted: dict[str, str]) -> None:
    assert verify_envelope(envelope(staging), trusted).signer_name == "staging"


def test_url_safe_base64_is_read(staging: PrivateKey, trusted: dict[str, str]) -> None:
    body = json.loads(sign_envelope(staging, TYPE, bytes(range(256))))
    body["payload"] = body["payload"].replace("+", "-").replace("/", "_")
    sig = body["signatures"][0]["sig"].replace("+", "-").replace("/", "_")
    body["signatures"] = [{"sig": sig}]
    assert verify_envelope(json.dumps(body).encode(), trusted).payload == bytes(range(256))


def test_one_good_signature_among_others_is_enough(
    staging: PrivateKey, stranger: PrivateKey, trusted: dict[str, str]
) -> None:
    other, own = (json.loads(envelope(key))["signatures"] for key in (stranger, staging))
    data = envelope(staging, signatures=[*other, {"sig": "?"}, *own])
    assert verify_envelope(data, trusted).signer_name == "staging"


def test_a_key_id_that_names_a_trusted_key_helps_nobody(
    staging: PrivateKey, stranger: PrivateKey, trusted: dict[str, str]
) -> None:
    body = json.loads(envelope(stranger))
    body["signatures"][0]["keyid"] = json.loads(envelope(staging))["signatures"][0]["keyid"]
    with pytest.raises(VerificationFailed, match="none of the trusted keys"):
        verify_envelope(json.dumps(body).encode(), trusted)


def test_no_trusted_key_verifies_nothing(staging: PrivateKey) -> None:
    with pytest.raises(VerificationFailed, match=r"\(none\)"):
        verify_envelope(envelope(staging), {})


def test_one_key_under_two_names_is_refused(staging: PrivateKey) -> None:
    pinned = {"staging": staging.public_key, "uat": staging.public_key + "\n"}
    with pytest.raises(VerificationFailed, match="staging and uat are pinned to the same key"):
        verify_envelope(envelope(staging), pinned)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"payload": "aGVsbG8gd29ybGQh"}, "none of the trusted keys"),
        ({"payload": "aGVsbG8gd29ybGQ"}, "payload is not base64"),
        ({"payload": "aGVs\nbG8gd29ybGQ="}, "payload is not base64"),
        ({"payload": "aGVsbG8gd29ybGQ=é"}, "payload is not base64"),
        ({"payload": None}, "payload is missing"),
        ({"payloadType": TYPE + "/"}, "none of the trusted keys"),
        ({"payloadType": ""}, "no payloadType"),
        ({"payloadType": 1}, "no payloadType"),
        ({"signatures": []}, "1 to 16 signatures"),
        ({"signatures": {}}, "1 to 16 signatures"),
        ({"signatures": [{}] * 17}, "1 to 16 signatures"),
        ({"signatures": ["x"]}, "sig is missing"),
        ({"signatures": [{"sig": "AAAA"}]}, "none of the trusted keys"),
        ({"signatures": [{"sig": ""}]}, "none of the trusted keys"),
    ],
)
def test_an_altered_envelope_is_refused(
    staging: PrivateKey, trusted: dict[str, str], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(VerificationFailed, match=message):
        verify_envelope(envelope(staging, **changes), trusted)


def test_an_envelope_over_the_limit_is_not_read(trusted: dict[str, str]) -> None:
    with pytest.raises(VerificationFailed, match="more than"):
        verify_envelope(b" " * (MAX_ENVELOPE_BYTES + 1), trusted)


@given(a=st.tuples(st.text(), st.binary()), b=st.tuples(st.text(), st.binary()))
def test_two_messages_never_have_one_encoding(a: tuple[str, bytes], b: tuple[str, bytes]) -> None:
    assert (pre_authentication_encoding(*a) == pre_authentication_encoding(*b)) == (a == b)


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.binary(max_size=256))
def test_what_is_signed_verifies(payload_type: str, payload: bytes) -> None:
    key = PrivateKey(ec.derive_private_key(VECTOR_KEY, ec.SECP256R1()))
    verified = verify_envelope(sign_envelope(key, payload_type, payload), {"me": key.public_key})
    assert (verified.payload_type, verified.payload) == (payload_type, payload)
