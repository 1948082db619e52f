"""The signing key of an instance on disk: an encrypted key and the file with its password.

The password lies beside the key, so what protects the key is the folder (0700) and the files'
modes; the encryption keeps a key that was copied without its password worthless.

Order of creation: password, then key. Each file appears at once and only when it is absent (write
aside, fsync, link), so a crash at any point leaves a state from which the next call goes on, and
two processes that create at once end up with the same key.
"""

from __future__ import annotations

import secrets
import stat
from pathlib import Path

from idp.kernel.errors import MissingPrerequisite
from idp.kernel.files import create_file
from idp.protocols.signing.keys import PrivateKey

KEY_FILE = "cosign.key"
PASSWORD_FILE = "cosign.password"  # noqa: S105 - a file's name


def open_signer(folder: Path) -> PrivateKey:
    """Read the instance's first key; make it on first use.

    Args:
        folder: Only the instance uses it; made with mode 0700 when it is absent.

    Raises:
        MissingPrerequisite: The password of an existing key is missing, or others can read one of
            the files.
        VerificationFailed: The key does not open with the password.
    """
    return make_key(folder, KEY_FILE)


def make_key(folder: Path, file: str) -> PrivateKey:
    """Read a key; make it, and the password of all keys, when they are missing.

    Raises:
        MissingPrerequisite: See `open_signer`.
        VerificationFailed: The key does not open with the password.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, password = folder / file, folder / PASSWORD_FILE
    if not password.exists():
        if key.exists():
            raise _no_password(password)
        create_file(password, secrets.token_urlsafe(32).encode())
    secret = _read_private(password)
    if not key.exists():
        create_file(key, PrivateKey.generate().to_encrypted_pem(secret))
    return PrivateKey.load(_read_private(key), secret)


def read_key(folder: Path, file: str) -> PrivateKey:
    """Read a key that must be there.

    Raises:
        MissingPrerequisite: It is missing, or see `open_signer`.
        VerificationFailed: The key does not open with the password.
    """
    key, password = folder / file, folder / PASSWORD_FILE
    if not password.exists():
        raise _no_password(password)
    if not key.exists():
        raise MissingPrerequisite(
            f"the signing key {key} is missing", remedy="Restore the file from a backup."
        )
    return PrivateKey.load(_read_private(key), _read_private(password))


def _no_password(password: Path) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"{password} is missing, so the signing key beside it cannot be opened",
        remedy="Restore the file from a backup. Removing the key as well makes a new one, "
        "which other instances must then pin.",
    )


def _read_private(path: Path) -> bytes:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise MissingPrerequisite(
            f"{path} can be used by others (mode {mode:04o}), so the key proves nothing",
            remedy=f"Run `chmod 600 {path}`; if somebody may have read it, replace the key.",
        )
    return path.read_bytes()
