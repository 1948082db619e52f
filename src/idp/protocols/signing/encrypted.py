"""A secret under a password, in the JSON form of go-securesystemslib `encrypted`. Pure.

The key is derived by scrypt, the content sealed with NaCl secretbox (XSalsa20-Poly1305). cosign
keeps private keys in this form.

Rules for opening:
1. Only scrypt and `nacl/secretbox`.
2. Only the three cost settings that the Go library knows: anything else would let whoever wrote
   the file choose how much memory and time is spent.
3. Wrong password and altered content are the same failure.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from idp.kernel.errors import VerificationFailed
from idp.protocols.signing import strict_json

_SALT_BYTES = 32
_STANDARD = {"N": 65536, "r": 8, "p": 1}
_LEGACY = {"N": 32768, "r": 8, "p": 1}
_OWASP = {"N": 131072, "r": 8, "p": 1}
_LIMIT = 64 * 1024


def seal(secret: bytes, password: bytes) -> bytes:
    """Encrypt; a fresh salt and nonce each time."""
    salt = secrets.token_bytes(_SALT_BYTES)
    nonce = secrets.token_bytes(SecretBox.NONCE_SIZE)
    box = SecretBox(_derive(password, salt, _STANDARD))
    ciphertext = box.encrypt(secret, nonce).ciphertext
    return strict_json.canonical(
        {
            "kdf": {"name": "scrypt", "params": _STANDARD, "salt": _encode(salt)},
            "cipher": {"name": "nacl/secretbox", "nonce": _encode(nonce)},
            "ciphertext": _encode(ciphertext),
        }
    )


def unseal(data: bytes, password: bytes) -> bytes:
    """Decrypt.

    Raises:
        VerificationFailed: A rule is broken, or the password is wrong.
    """
    body = strict_json.parse_object(data, limit=_LIMIT, what="the encrypted key")
    try:
        kdf, cipher = body["kdf"], body["cipher"]
        names = (kdf["name"], cipher["name"])
        parameters = kdf["params"]
        salt, nonce = _decode(kdf["salt"]), _decode(cipher["nonce"])
        ciphertext = _decode(body["ciphertext"])
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationFailed("the encrypted key is not in cosign's form") from error
    if names != ("scrypt", "nacl/secretbox"):  # Rule 1
        raise VerificationFailed(
            f"the key is encrypted with {names[0]} and {names[1]}, which is not supported",
            remedy="Use a key made by cosign or by this platform.",
        )
    if parameters not in (_LEGACY, _STANDARD, _OWASP):  # Rule 2
        raise VerificationFailed("the encrypted key has unsupported scrypt parameters")
    try:
        opened: bytes = SecretBox(_derive(password, salt, parameters)).decrypt(ciphertext, nonce)
    except (CryptoError, ValueError) as error:  # Rule 3
        raise VerificationFailed(
            "the private key cannot be decrypted: the password is wrong or the file was altered"
        ) from error
    return opened


def _derive(password: bytes, salt: bytes, parameters: dict[str, Any]) -> bytes:
    kdf = Scrypt(
        salt=salt,
        length=SecretBox.KEY_SIZE,
        n=parameters["N"],
        r=parameters["r"],
        p=parameters["p"],
    )
    return kdf.derive(password)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
