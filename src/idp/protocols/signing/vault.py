"""A signing key in HashiCorp Vault's transit engine: the private key never leaves it.

https://developer.hashicorp.com/vault/api-docs/secret/transit#sign-data: a key of type `ecdsa-p256`
signs a SHA-256 digest (`prehashed`), marshalled as ASN.1. The latest version of the key signs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import httpx

from idp.kernel.capability import TimestampSource, TransparencyLog
from idp.kernel.errors import IdpError, MissingPrerequisite, Unavailable

_TYPE = "ecdsa-p256"


class VaultKey:
    """Fulfils `idp.kernel.capability.Signer`.

    Args:
        client: With Vault's address as base, and a token in the header `X-Vault-Token`.
        key: Name of the key.
        mount: Where the transit engine is.

    Raises:
        MissingPrerequisite: There is no such key, it may not be used, or is of another kind.
        Unavailable: Vault does not answer, or is sealed.
    """

    log: TransparencyLog | None = None
    timestamps: TimestampSource | None = None

    def __init__(self, client: httpx.Client, key: str, mount: str = "transit") -> None:
        self._client = client
        self._key = key
        self._mount = mount
        data = self._call("GET", f"keys/{key}")
        if data.get("type") != _TYPE:
            raise MissingPrerequisite(
                f"the key {key} in Vault is of type {data.get('type')}",
                remedy=f"Make one: `vault write -f {mount}/keys/{key} type={_TYPE}`.",
            )
        try:
            self._version = int(data["latest_version"])
            self.public_key = str(data["keys"][str(self._version)]["public_key"])
        except (KeyError, TypeError, ValueError) as error:
            raise _unexpected(client) from error

    def sign(self, payload: bytes) -> bytes:
        """ECDSA over SHA-256 of `payload`, DER encoded.

        Raises:
            MissingPrerequisite: The key may not be used any more.
            Unavailable: Vault does not answer, or is sealed.
        """
        digest = base64.b64encode(hashlib.sha256(payload).digest()).decode()
        data = self._call(
            "POST",
            f"sign/{self._key}/sha2-256",
            {
                "input": digest,
                "prehashed": True,
                "marshaling_algorithm": "asn1",
                "key_version": self._version,
            },
        )
        try:
            _, _, signature = str(data["signature"]).split(":")
            return base64.b64decode(signature, validate=True)
        except (KeyError, ValueError, binascii.Error) as error:
            raise _unexpected(self._client) from error

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = self._client.request(method, f"/v1/{self._mount}/{path}", json=body)
        except httpx.HTTPError as error:
            raise Unavailable(
                f"Vault at {self._client.base_url} does not answer: {error}"
            ) from error
        if answer.status_code >= 500:
            raise Unavailable(f"Vault answers {answer.status_code}: is it sealed?")
        if answer.status_code != 200:
            raise MissingPrerequisite(
                f"Vault refuses {path} with {answer.status_code}",
                remedy="Check the key's name, and that the token's policy allows `read` on its "
                "key and `update` on signing with it.",
            )
        try:
            return answer.json()["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise _unexpected(self._client) from error

    def __repr__(self) -> str:
        return f"<VaultKey {self._key}>"


def _unexpected(client: httpx.Client) -> IdpError:
    return Unavailable(f"{client.base_url} answers, but not as Vault's transit engine does")


def open_vault_key(address: str, token: str, key: str) -> VaultKey:
    """A key of a Vault.

    Raises:
        MissingPrerequisite: See `VaultKey`.
        Unavailable: See `VaultKey`.
    """
    client = httpx.Client(base_url=address, headers={"X-Vault-Token": token}, timeout=10)
    return VaultKey(client, key)
