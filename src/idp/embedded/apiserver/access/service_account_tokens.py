"""Tokens of ServiceAccounts: short-lived JWTs signed by the instance, bound to the account's uid.

A token counts as long as it has not expired and the account with that uid, and the object that the
token is bound to, are there: deleting any of them ends it at once. Claims and header are those of
a Kubernetes cluster, and the public key is published as JWKS, so that others can verify them too.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idp.embedded.apiserver.access.files import create_private
from idp.embedded.apiserver.access.identity import (
    UserInfo,
    service_account_groups,
    service_account_user,
    split_service_account,
)
from idp.embedded.apiserver.access.ports import ObjectLookup
from idp.kernel.clock import Clock, utc_now
from idp.kernel.errors import MissingPrerequisite
from idp.kernel.resource import Manifest

_CLAIM = "kubernetes.io"
_EXTRA = "authentication.kubernetes.io"
_BOUND = {"Pod": "pods", "Secret": "secrets"}
_REQUIRED = ["iss", "sub", "aud", "exp", "iat", _CLAIM]
_MAX_REMEMBERED = 1024


def open_signing_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key in a file; made on first use.

    Raises:
        MissingPrerequisite: The file is damaged.
    """
    if not path.exists():
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        create_private(path, pem)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _damaged(path, "it is not an elliptic curve key")
    return key


def _damaged(path: Path, why: str) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"the signing key {path.name} cannot be read: {why}",
        remedy="Restore it from a backup, or remove it: all ServiceAccount tokens become invalid.",
    )


class ServiceAccountTokens:
    """Issues and verifies the tokens of one instance.

    Attributes:
        issuer: URL of the issuer, where `discovery` is served.
        audiences: Of the API server itself.
    """

    def __init__(
        self,
        lookup: ObjectLookup,
        key: ec.EllipticCurvePrivateKey,
        *,
        issuer: str,
        audiences: Sequence[str] = (),
        clock: Clock = utc_now,
    ) -> None:
        self.issuer = issuer
        self.audiences = tuple(audiences) or (issuer,)
        self._lookup = lookup
        self._key = key
        self._public_key = key.public_key()
        self._key_id = _key_id(self._public_key)
        self._clock = clock
        self._verified: dict[str, Manifest] = {}

    def issue(
        self,
        account: Manifest,
        *,
        audiences: Sequence[str] = (),
        lifetime: timedelta,
        bound_to: Manifest | None = None,
    ) -> tuple[str, datetime]:
        """Sign a token.

        Args:
            account: The ServiceAccount as it is stored.
            audiences: Whom the token is for; empty means the API server.
            lifetime: How long it counts.
            bound_to: A Pod or Secret whose deletion ends it.

        Returns:
            The token and when it expires.
        """
        now = self._clock().replace(microsecond=0)
        meta = account["metadata"]
        namespace, name = meta["namespace"], meta["name"]
        private: Manifest = {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": meta["uid"]},
        }
        if bound_to is not None:
            bound = bound_to["metadata"]
            private[bound_to["kind"].lower()] = {"name": bound["name"], "uid": bound["uid"]}
        claims = {
            "aud": list(audiences) or list(self.audiences),
            "exp": now + lifetime,
            "iat": now,
            "iss": self.issuer,
            "jti": str(uuid.uuid4()),
            _CLAIM: private,
            "nbf": now,
            "sub": service_account_user(namespace, name),
        }
        import jwt  # with the first token: it takes a tenth of the server's start

        token = jwt.encode(claims, self._key, "ES256", headers={"kid": self._key_id})
        return token, now + lifetime

    def user_for(self, token: str, audiences: Sequence[str] = ()) -> UserInfo | None:
        """The user of a valid token; None for any other.

        Args:
            token: The token.
            audiences: Whom it must be for (one of them); empty means the API server.
        """
        claims = self._claims(token)
        if claims is None or not set(claims["aud"]) & set(audiences or self.audiences):
            return None
        now = self._clock().timestamp()
        if not claims.get("nbf", 0) <= now < claims["exp"]:
            return None
        return self._user(claims)

    def _claims(self, token: str) -> Manifest | None:
        """The claims of a token that this instance signed; remembered, as verifying is slow."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
        if digest in self._verified:
            return self._verified[digest]
        import jwt

        try:
            claims: Manifest = jwt.decode(
                token,
                self._public_key,
                algorithms=["ES256"],
                issuer=self.issuer,
                options={
                    "require": _REQUIRED,
                    "verify_aud": False,  # these are compared in `user_for`, with our clock
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            return None
        if isinstance(claims["aud"], str):
            claims["aud"] = [claims["aud"]]
        if len(self._verified) >= _MAX_REMEMBERED:
            self._verified.clear()
        self._verified[digest] = claims
        return claims

    def _user(self, claims: Manifest) -> UserInfo | None:
        private = claims[_CLAIM]
        account = split_service_account(claims["sub"])
        if account is None or account != (
            private["namespace"],
            private["serviceaccount"]["name"],
        ):
            return None
        namespace, name = account
        uid = private["serviceaccount"]["uid"]
        if not self._is_there("serviceaccounts", namespace, name, uid):
            return None
        extra = {f"{_EXTRA}/credential-id": (f"JTI={claims['jti']}",)} if "jti" in claims else {}
        for kind, plural in _BOUND.items():
            if (bound := private.get(kind.lower())) is None:
                continue
            if not self._is_there(plural, namespace, bound["name"], bound["uid"]):
                return None
            if kind == "Pod":
                extra[f"{_EXTRA}/pod-name"] = (bound["name"],)
                extra[f"{_EXTRA}/pod-uid"] = (bound["uid"],)
        groups = service_account_groups(namespace)
        return UserInfo(service_account_user(namespace, name), uid, groups, extra)

    def _is_there(self, plural: str, namespace: str, name: str, uid: str) -> bool:
        found = self._lookup.get("", plural, namespace, name)
        return found is not None and found["metadata"].get("uid") == uid

    def jwks(self) -> Manifest:
        """The public key, as `/openid/v1/jwks` serves it."""
        numbers = self._public_key.public_numbers()
        return {
            "keys": [
                {
                    "use": "sig",
                    "kty": "EC",
                    "kid": self._key_id,
                    "crv": "P-256",
                    "alg": "ES256",
                    "x": _base64url(numbers.x.to_bytes(32, "big")),
                    "y": _base64url(numbers.y.to_bytes(32, "big")),
                }
            ]
        }

    def discovery(self, address: str) -> dict[str, Any]:
        """What `/.well-known/openid-configuration` serves.

        Args:
            address: Base address at which the keys are reached; that of the issuer need not be.
        """
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{address}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }


def _key_id(key: ec.EllipticCurvePublicKey) -> str:
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _base64url(hashlib.sha256(der).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
