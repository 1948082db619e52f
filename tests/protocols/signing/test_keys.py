from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing.encrypted import seal
from idp.protocols.signing.keys import PrivateKey, key_id, verify_signature

DATA = Path(__file__).parent / "data"
BEGIN, END = (f"-----{word} ENCRYPTED SIGSTORE PRIVATE KEY-----" for word in ("BEGIN", "END"))


def armored(body: dict[str, Any]) -> bytes:
    text = base64.b64encode(json.dumps(body).encode()).decode()
    return f"{BEGIN}\n{text}\n{END}\n".encode()


def unarmored(pem: bytes) -> dict[str, Any]:
    text = "".join(pem.decode().splitlines()[1:-1])
    body: dict[str, Any] = json.loads(base64.b64decode(text))
    return body


# RFC 6979, appendix A.2.5, with SHA-256
RFC_6979_KEY = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
RFC_6979 = {
    b"sample": (
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    ),
    b"test": (
        0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
        0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
    ),
}


@pytest.mark.parametrize("message", RFC_6979)
def test_signatures_are_those_of_rfc_6979(message: bytes) -> None:
    key = PrivateKey(ec.derive_private_key(RFC_6979_KEY, ec.SECP256R1()))
    assert key.sign(message) == encode_dss_signature(*RFC_6979[message])


def test_a_key_made_by_the_library_of_cosign_opens() -> None:
    key = PrivateKey.load((DATA / "securesystemslib.key").read_bytes(), b"pw")
    assert key.public_key == (DATA / "securesystemslib.pub").read_text()


def test_a_key_survives_being_written_and_read() -> None:
    key = PrivateKey.generate()
    pem = key.to_encrypted_pem(b"password")
    again = PrivateKey.load(pem, b"password")
    assert again.public_key == key.public_key
    verify_signature(key.public_key, b"content", again.sign(b"content"))
    assert pem.startswith(BEGIN.encode())
    assert unarmored(pem)["kdf"]["params"] == {"N": 65536, "r": 8, "p": 1}


def test_the_old_label_of_cosign_is_read() -> None:
    pem = (DATA / "securesystemslib.key").read_bytes().replace(b"SIGSTORE", b"COSIGN")
    assert PrivateKey.load(pem, b"pw")


def test_a_wrong_password_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="password is wrong"):
        PrivateKey.load((DATA / "securesystemslib.key").read_bytes(), b"other")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("kdf", "params", "N"), 2**24, "scrypt parameters"),
        (("kdf", "params", "p"), 64, "scrypt parameters"),
        (("kdf", "name"), "argon2", "argon2"),
        (("cipher", "name"), "aes", "aes"),
        (("cipher", "nonce"), "AAAA", "cannot be decrypted"),
        (("cipher", "nonce"), "?", "cosign's form"),
        (("ciphertext",), "AAAA", "cannot be decrypted"),
        (("ciphertext",), None, "cosign's form"),
        (("kdf",), [], "cosign's form"),
    ],
)
def test_an_altered_key_file_is_refused(path: tuple[str, ...], value: Any, message: str) -> None:
    body = unarmored((DATA / "securesystemslib.key").read_bytes())
    at = body
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    with pytest.raises(VerificationFailed, match=message):
        PrivateKey.load(armored(body), b"pw")


@pytest.mark.parametrize(
    "pem", [b"", b"\xff\xfe", b"-----BEGIN PRIVATE KEY-----", f"{BEGIN}\n?\n{END}".encode()]
)
def test_what_is_no_key_file_is_refused(pem: bytes) -> None:
    with pytest.raises(VerificationFailed):
        PrivateKey.load(pem, b"pw")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "secp384r1"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ],
)
def test_other_kinds_of_key_are_refused_by_name(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, message: str
) -> None:
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(VerificationFailed, match=message):
        PrivateKey.load(armored(json.loads(seal(plain, b"pw"))), b"pw")
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(VerificationFailed, match=message):
        verify_signature(public.decode(), b"", b"")


def test_a_sealed_secret_that_is_no_key_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="PKCS #8"):
        PrivateKey.load(armored(json.loads(seal(b"hello", b"pw"))), b"pw")


def test_a_key_does_not_show_itself(staging: PrivateKey) -> None:
    assert repr(staging) == f"<PrivateKey {key_id(staging.public_key)}>"


def test_text_that_is_no_public_key_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="not PEM"):
        key_id("hello")


@given(payload=st.binary(max_size=64), flip=st.integers(min_value=0))
def test_one_flipped_bit_breaks_a_signature(payload: bytes, flip: int) -> None:
    key = PrivateKey(ec.derive_private_key(RFC_6979_KEY, ec.SECP256R1()))
    signature = bytearray(key.sign(payload))
    verify_signature(key.public_key, payload, bytes(signature))
    signature[flip // 8 % len(signature)] ^= 1 << flip % 8
    with pytest.raises(VerificationFailed):
        verify_signature(key.public_key, payload, bytes(signature))
