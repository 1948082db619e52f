"""A signing key in AWS KMS: the private key never leaves the service.

https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html: an `ECC_NIST_P256` key signs a
SHA-256 digest with `ECDSA_SHA_256`, or hashes up to 4096 bytes itself; signatures are DER, public
keys SubjectPublicKeyInfo. KMS picks a fresh nonce: the same content has two signatures.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives import serialization

from idp.kernel.capability import TimestampSource, TransparencyLog
from idp.kernel.errors import MissingPrerequisite, Unavailable, VerificationFailed
from idp.protocols.signing.keys import key_id

_MAX_RAW_BYTES = 4096
"""What the service hashes itself; of larger content it is sent the digest."""


class KmsKey:
    """Fulfils `idp.kernel.capability.Signer`.

    Args:
        client: Of boto3, for `kms`.
        key: Id, ARN or alias (`alias/<name>`).

    Raises:
        MissingPrerequisite: There is no such key, it may not be used, or is of another kind.
        Unavailable: The service does not answer.
    """

    log: TransparencyLog | None = None
    timestamps: TimestampSource | None = None

    def __init__(self, client: Any, key: str) -> None:
        self._client = client
        self._key = key
        answer = self._call("get_public_key")
        public = serialization.load_der_public_key(answer["PublicKey"])
        self.public_key = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        try:
            key_id(self.public_key)
        except VerificationFailed as error:
            raise MissingPrerequisite(
                f"{key} cannot sign here: {error.message}",
                remedy="Make a key with key spec ECC_NIST_P256 and usage SIGN_VERIFY.",
            ) from error

    def sign(self, payload: bytes) -> bytes:
        """ECDSA over SHA-256 of `payload`, DER encoded.

        Raises:
            MissingPrerequisite: The key may not be used any more.
            Unavailable: The service does not answer.
        """
        raw = len(payload) <= _MAX_RAW_BYTES
        answer = self._call(
            "sign",
            Message=payload if raw else hashlib.sha256(payload).digest(),
            MessageType="RAW" if raw else "DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        return bytes(answer["Signature"])

    def _call(self, operation: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, operation)(KeyId=self._key, **arguments)
        except ClientError as error:
            raise MissingPrerequisite(
                f"AWS KMS refuses {self._key}: {error.response['Error'].get('Message', error)}",
                remedy="Check the key, and that your AWS identity may kms:GetPublicKey and "
                "kms:Sign with it.",
            ) from error
        except BotoCoreError as error:
            raise Unavailable(f"AWS KMS cannot be asked: {error}") from error

    def __repr__(self) -> str:
        return f"<KmsKey {self._key}>"


def open_kms_key(key: str, *, endpoint: str | None = None, region: str | None = None) -> KmsKey:
    """A key of the account and region that boto3 finds in its usual places.

    Raises:
        MissingPrerequisite: See `KmsKey`.
        Unavailable: See `KmsKey`.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        client = boto3.client("kms", endpoint_url=endpoint, region_name=region)
    except BotoCoreError as error:
        raise MissingPrerequisite(
            f"AWS is not configured: {error}", remedy="Set AWS_REGION and credentials."
        ) from error
    return KmsKey(client, key)
