"""Opens the key that a person names: a file, AWS KMS or Vault."""

from __future__ import annotations

import os
from pathlib import Path

from idp.kernel.capability import Signer
from idp.kernel.errors import InvalidInput, MissingPrerequisite
from idp.protocols.signing.keys import PrivateKey

PASSWORD_VARIABLE = "COSIGN_PASSWORD"  # noqa: S105 - a variable's name


def open_named_signer(reference: str) -> Signer:
    """The key behind a reference, in cosign's forms.

    Args:
        reference: A file as `cosign generate-key-pair` makes it (its password in
            `COSIGN_PASSWORD`), `awskms:///<id, ARN or alias>`, or `hashivault://<name>` (with
            `VAULT_ADDR` and `VAULT_TOKEN`).

    Raises:
        InvalidInput: It has another scheme.
        MissingPrerequisite: The key or what it takes to use it is not there.
        Unavailable: The key service does not answer.
        VerificationFailed: The password is wrong.
    """
    scheme, separator, rest = reference.partition("://")
    if not separator:
        return _file(Path(reference))
    if scheme == "awskms":
        from idp.protocols.signing.kms import open_kms_key

        endpoint, _, key = rest.partition("/")
        return open_kms_key(key, endpoint=f"https://{endpoint}" if endpoint else None)
    if scheme == "hashivault":
        from idp.protocols.signing.vault import open_vault_key

        return open_vault_key(_variable("VAULT_ADDR"), _variable("VAULT_TOKEN"), rest)
    raise InvalidInput(
        f"keys of {scheme}:// are not supported",
        remedy="Name a file, awskms:///<key> or hashivault://<key>.",
    )


def _file(path: Path) -> PrivateKey:
    if not path.is_file():
        raise MissingPrerequisite(
            f"there is no key {path}", remedy="Make one with `cosign generate-key-pair`."
        )
    return PrivateKey.load(path.read_bytes(), _variable(PASSWORD_VARIABLE).encode())


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise MissingPrerequisite(
            f"{name} is not set", remedy=f"Set {name}: secrets are taken from no argument."
        )
    return value
